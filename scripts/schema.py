"""Print the JSON schema of the configuration, for editors; `make schema` keeps it in config/."""

import argparse

from cifarlab.configuration import Configuration
from engine.files import to_json

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(to_json(Configuration.model_json_schema()), end="")
