"""Prepare a data set: fetch and check the CIFAR-100 archive, or make a synthetic stand-in.

Writes the arrays of both splits and what describes them beside --manifest, which comes last.
"""

import argparse
from pathlib import Path

from cifarlab.datasets.archive import read_archive
from cifarlab.datasets.store import FILES, save_dataset
from cifarlab.datasets.synthetic import make_synthetic
from engine.command import run_command
from engine.download import add_patience_arguments, fetch, patience_from


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json to write")
    kind = parser.add_subparsers(dest="kind", required=True, metavar="{archive,synthetic}")

    archive = kind.add_parser("archive", help="read the official archive")
    archive.add_argument("--source", nargs="+", required=True, help="URLs or paths, tried in order")
    archive.add_argument("--md5", required=True, help="MD5 of the archive, in hexadecimal")
    archive.add_argument(
        "--downloads", type=Path, required=True, help="folder that keeps downloads"
    )
    add_patience_arguments(archive)

    synthetic = kind.add_parser("synthetic", help="make a procedural data set")
    synthetic.add_argument("--train-per-class", type=int, default=500)
    synthetic.add_argument("--test-per-class", type=int, default=100)
    synthetic.add_argument("--seed", type=int, default=0)
    return parser


def main(arguments):
    if arguments.kind == "synthetic":
        settings = {
            "train_per_class": arguments.train_per_class,
            "test_per_class": arguments.test_per_class,
            "seed": arguments.seed,
        }
        dataset, source = make_synthetic(**settings), {"synthetic": True, **settings}
    else:
        archive = fetch(
            arguments.source, f"md5:{arguments.md5}", arguments.downloads, patience_from(arguments)
        )
        dataset = read_archive(archive)
        source = {"synthetic": False, "md5": arguments.md5}
    save_dataset(dataset, arguments.manifest.parent, source)


if __name__ == "__main__":
    run_command(
        argument_parser(),
        main,
        outputs=lambda a: [a.manifest.parent / name for name in FILES],
    )
