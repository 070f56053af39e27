"""Everything that can interrupt a training or a workflow, and whether the results are the same.

Real processes and real signals on small data; every result is compared, byte by byte, with that of
an undisturbed run. Prints a table; exit status 1 unless all was survived, all bytes are equal and
no more steps were lost than the limit. Linux only.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from faults.kits import N_STEPS
from faults.outcomes import befall
from faults.training_faults import TRAINING_FAULTS
from faults.trainings import INTERVAL, TrainingLab
from faults.workflows import WORKFLOW_FAULTS, WorkflowLab

RANDOM_KILL = TRAINING_FAULTS[0]
COLUMNS = ("fault", "times injected", "survived", "bytes equal", "steps lost at most")


def short_form(fault):
    """How often a fault is injected in the short form."""
    return min(2, fault.to_a_run)


def begin(executor, folder, seed, times):
    """Let every fault befall its runs; a dict from fault to the future of its Row.

    executor: of concurrent.futures; folder: Path, to work in; times: a function from Fault to the
    number of injections. What is random follows from the seed, in whatever order the faults come.
    """
    labs = [executor.submit(kind, folder) for kind in (TrainingLab, WorkflowLab)]

    def row(fault, lab):
        return befall(fault, lab.result(), random.Random(f"{seed} {fault.name}"), times(fault))

    return {
        fault: executor.submit(row, fault, lab)
        for lab, faults in zip(labs, (TRAINING_FAULTS, WORKFLOW_FAULTS), strict=True)
        for fault in faults
    }


def table(rows, note):
    lines = [COLUMNS, ("---", *["---:"] * 4), *(row.cells() for row in rows)]
    text = "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)
    complaints = [f"- {row.fault.name}: {text}" for row in rows for text in row.complaints]
    return "\n".join([text, "", note, *complaints]) + "\n"


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--kills", type=int, default=100, help="at random moments of a training")
    parser.add_argument("--times", type=int, default=6, help="of every other fault of a training")
    parser.add_argument("--workflows", type=int, default=4, help="times of a workflow's faults")
    parser.add_argument("--short", action="store_true", help="each of them once or twice")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        help="runs at the same time (default: one per CPU)",
    )
    parser.add_argument("--table", type=Path, help="Markdown file to write the table to")
    return parser


def main():
    arguments = argument_parser().parse_args()

    def times(fault):
        if arguments.short:
            return short_form(fault)
        if fault is RANDOM_KILL:
            return arguments.kills
        return arguments.times if fault in TRAINING_FAULTS else arguments.workflows

    started = time.monotonic()
    rows = []
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    with ThreadPoolExecutor(arguments.jobs) as executor:
        for future in begin(executor, folder, arguments.seed, times).values():
            row = future.result()
            rows.append(row)
            print(*row.cells(), *row.complaints, sep="  ", file=sys.stderr, flush=True)
    text = table(
        rows,
        f"Runs of {N_STEPS} steps, a checkpoint every {INTERVAL}; seed {arguments.seed}; "
        f"{time.monotonic() - started:.0f} s.",
    )
    print(text, end="")
    if arguments.table:
        arguments.table.write_text(text, encoding="utf-8")
    if any(row.complaints for row in rows):
        print(f"The runs that failed lie in {folder}.")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
