"""Watch the runs of a workflow: what is done, running, waiting, failed or interrupted."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from engine.errors import UserError
from engine.watch import is_over, table, watched_runs

# Control sequences of terminals. A line that is too long is cut by the terminal, not continued.
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
UP, REST_OF_LINE, REST_OF_SCREEN = "\x1b[{}F", "\x1b[K", "\x1b[J"


def argument_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", type=Path, default="results", help="of the workflow (default: %(default)s)"
    )
    parser.add_argument("--dataset", help="name of one data set (default: all that have runs)")
    parser.add_argument(
        "--once",
        action="store_true",
        help="print the table once, which is all that happens where there is no terminal",
    )
    parser.add_argument(
        "--seconds", type=float, default=2, help="between two looks (default: %(default)g)"
    )
    return parser


def main(arguments):
    def runs():
        return watched_runs(arguments.results, arguments.dataset, time.time())

    if not sys.stdout.isatty():
        print("\n".join(table(runs())))
    elif arguments.once:
        print("\n".join(table(runs(), shutil.get_terminal_size().columns)))
    else:
        redraw(runs, arguments.seconds)


def redraw(runs, seconds):
    """Show the table in place until nothing is left to watch.

    runs: a function that returns the list of WatchedRun as they are now.
    """
    n_lines = 0
    print(NO_WRAP, end="")
    try:
        while True:
            now = runs()
            size = shutil.get_terminal_size()
            # The cursor stands on the line below the table.
            lines = table(now, size.columns, max(1, size.lines - 1))
            shown = "".join(f"{line}{REST_OF_LINE}\n" for line in lines)
            up = UP.format(n_lines) if n_lines else ""
            print(up + shown + REST_OF_SCREEN, end="", flush=True)
            n_lines = len(lines)
            if is_over(now):
                return
            time.sleep(seconds)
    finally:
        print(WRAP, end="", flush=True)


if __name__ == "__main__":
    try:
        main(argument_parser().parse_args())
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # Whoever reads the table has seen enough; Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
