"""Prepare a data set: fetch and check its archive, or make synthetic images.

Writes the arrays of both splits and what describes them beside --manifest, which comes last.
"""

import argparse
import json
from pathlib import Path

from cifarlab.datasets.registry import DATASETS, is_synthetic
from cifarlab.datasets.store import FILES, describe_source, save_dataset
from engine.command import run_command
from engine.download import add_patience_arguments, fetch, patience_from
from engine.settings import checked_settings, descriptions


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json to write")
    kinds = parser.add_subparsers(dest="kind", required=True, help="the data set")
    for name, module in DATASETS.items():
        kind = kinds.add_parser(name, help=module.__doc__.partition("\n")[0])
        if not is_synthetic(name):
            add_archive_arguments(kind)
        texts = descriptions(module.Settings)
        for key, field in module.Settings.model_fields.items():
            kind.add_argument(
                f"--{key.replace('_', '-')}",
                type=str if field.annotation is str else plain_value,
                default=field.default,
                help=f"{texts[key].replace('%', '%%')} (default: %(default)s)",
            )
    return parser


def add_archive_arguments(parser):
    parser.add_argument("--source", nargs="+", required=True, help="URLs or paths, tried in order")
    parser.add_argument("--md5", required=True, help="MD5 of the archive, in hexadecimal")
    parser.add_argument("--downloads", type=Path, required=True, help="folder that keeps downloads")
    add_patience_arguments(parser)


def plain_value(text):
    """A number, a list or another value of JSON; any other text as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main(arguments):
    module = DATASETS[arguments.kind]
    values = {key: getattr(arguments, key) for key in module.Settings.model_fields}
    settings = checked_settings(module.Settings, values)
    origin = settings.model_dump()
    if is_synthetic(arguments.kind):
        dataset = module.make(settings)
    else:
        digest = f"md5:{arguments.md5}"
        path = fetch(arguments.source, digest, arguments.downloads, patience_from(arguments))
        dataset = module.read(path, settings)
        origin = {"md5": arguments.md5, **origin}
    source = describe_source(arguments.kind, is_synthetic(arguments.kind), origin)
    save_dataset(dataset, arguments.manifest.parent, source)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        outputs=lambda a: [a.manifest.parent / name for name in FILES],
        code=lambda a: [DATASETS[a.kind].__file__],
    )
