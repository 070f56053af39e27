"""Check this machine's GPU with everything that the project does on one, in about ten minutes.

Prints a table (check, result, figure) and writes it to results/check-gpu.md. Exit status 1 unless
all passed; without a GPU that can be used, one line says why.
"""

import argparse
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from gpu.checks import CHECKS
from gpu.commands import ROOT, Failed, Place, Skipped, make_data
from gpu.on_device import facts, in_a_fresh_process

from engine.errors import UserError

PASSED, FAILED, SKIPPED = "passed", "FAILED", "skipped"
HEAD = "| check | result | figure |\n|---|---|---|"


def perform(check, place):
    """(result, figure) of a check, two texts; a fault of any kind fails it, and no other."""
    try:
        return PASSED, check.run(place)
    except Skipped as skipped:
        return SKIPPED, str(skipped)
    except Failed as failed:
        return FAILED, str(failed)
    except Exception as error:  # whatever a GPU and its libraries may raise
        return FAILED, f"{type(error).__name__}: {error}"


def row(check, result, figure):
    """A line of the table, in which nothing breaks the line or the cell."""
    cells = (f"{check.name}: {check.sentence}", result, figure)
    return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"


def check_all(checks, place, table):
    """Perform checks one after another; whether none failed. table: Path of the file to write."""
    table.parent.mkdir(parents=True, exist_ok=True)
    began, lines, results = time.monotonic(), [HEAD], []
    title = f"GPU check of {datetime.now(UTC):%Y-%m-%d}; logs in {place.folder}"
    print(title, HEAD, sep="\n\n", flush=True)
    for check in checks:
        result, figure = perform(check, place)
        results.append(result)
        lines.append(row(check, result, figure))
        print(lines[-1], flush=True)
        counts = ", ".join(f"{results.count(r)} {r}" for r in (PASSED, FAILED, SKIPPED))
        end = f"{counts}; {time.monotonic() - began:.0f} s"
        # After each, so that an interrupted check leaves what is known.
        table.write_text("\n\n".join([title, "\n".join(lines), end]) + "\n", encoding="utf-8")
    print(f"\n{end}", flush=True)
    return FAILED not in results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    names = [check.name for check in CHECKS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="CHECK", help=", ".join(names))
    arguments = parser.parse_args()
    try:
        in_a_fresh_process(facts, "cuda")
    except UserError as error:
        sys.exit(f"error: there is nothing to check: {error}")
    place = Place("cuda", ROOT / "results/check-gpu")
    shutil.rmtree(place.folder, ignore_errors=True)
    make_data(place)
    checks = [check for check in CHECKS if check.name in (arguments.only or names)]
    if not check_all(checks, place, ROOT / "results/check-gpu.md"):
        sys.exit(1)


if __name__ == "__main__":
    main()
