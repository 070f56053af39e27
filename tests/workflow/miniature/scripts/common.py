"""What the commands share."""

import argparse
import json
from pathlib import Path

BASE = 0


def parser_of(*names, **lists):
    """A parser with an argument for each name; `lists` name those that take several paths."""
    parser = argparse.ArgumentParser()
    for name in names:
        is_number = name in ("size", "rate")
        parser.add_argument(f"--{name}", type=int if is_number else Path, required=True)
    for name in lists:
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True)
    return parser


def read(path):
    return json.loads(path.read_text())


def write(path, value):
    path.write_text(json.dumps(value))
