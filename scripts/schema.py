"""Write what follows from the settings classes: the schema for editors, the table of all keys."""

import argparse
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema

from cifarlab.configuration import Configuration
from engine.errors import UserError
from engine.files import new_files, to_json
from engine.key_table import key_table

BEGIN, END = "<!-- The table is written by `make schema`. -->\n", "<!-- End of the table. -->\n"


class SchemaWithDefaults(GenerateJsonSchema):
    """Also has the defaults that are made anew for each object: lists and mappings."""

    def get_default_value(self, schema):
        make = schema.get("default_factory")
        return make() if make else super().get_default_value(schema)


def configuration_schema():
    """The JSON schema of the configuration, a dict."""
    return Configuration.model_json_schema(schema_generator=SchemaWithDefaults)


def with_table(page, table):
    """The text of a page with `table` in its place, between two comments.

    Raises UserError where the page has no such place.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UserError(f"expected a page with the lines {BEGIN!r} and {END!r}; add them")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of schema.json and README.md: config")
    folder = parser.parse_args().folder
    schema = configuration_schema()
    page = (folder / "README.md").read_text(encoding="utf-8")
    with new_files(folder / "schema.json", folder / "README.md") as (schema_path, page_path):
        schema_path.write_text(to_json(schema), encoding="utf-8")
        page_path.write_text(with_table(page, key_table(schema)), encoding="utf-8")


if __name__ == "__main__":
    main()
