"""How a command runs: its arguments, its faults, and the record that it leaves."""

import shlex
import signal
import sys
from pathlib import Path

from engine.errors import EXIT_INTERRUPTED, Interrupted, UserError
from engine.files import new_files, to_json
from engine.records import completed, definition, made


def run_command(parser, main, inputs=(), outputs=(), code=()):
    """Parse the arguments and call `main(arguments)`; with --record, write the record last.

    inputs, outputs: names of the arguments that are files, or a function from the arguments to a
    list of paths; code: the same for Python files that the command runs without importing them by
    name. All other arguments are the settings; which of them define the outputs is for the caller
    of the command to say. Code and inputs are digested before `main` begins, which finds this as
    arguments.definition: that is what it sees. A UserError becomes one line on standard error and
    exit code 1, and Interrupted one and exit code 75. Every other exception keeps its traceback: it
    is a bug.
    """
    parser.add_argument(
        "--record",
        type=Path,
        help="JSON file to write after all outputs: what they are made from",
    )
    arguments = parser.parse_args()
    try:
        settings = {name: value for name, value in vars(arguments).items() if name != "record"}
        arguments.definition = definition(
            [sys.argv[0], *_paths(code, arguments)], settings, _paths(inputs, arguments)
        )
        main(arguments)
        if arguments.record is None:
            return
        outputs = made(_paths(outputs, arguments))
        record = {**completed(arguments.definition), "outputs": outputs}
        with new_files(arguments.record) as (path,):
            path.write_text(to_json(record), encoding="utf-8")
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Interrupted as interruption:
        print(f"interrupted: {interruption}", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _paths(files, arguments):
    """`files` of `run_command` as a flat list of paths; what was not given is left out."""
    values = files(arguments) if callable(files) else [getattr(arguments, name) for name in files]
    paths = []
    for value in values:
        paths += value if isinstance(value, list) else [value]
    return [path for path in paths if path is not None]


def snakemake_command(cores, configfiles, overrides):
    """The command line that makes the same results: text.

    configfiles: paths; overrides: values of --config by key.
    """
    words = ["snakemake", "--cores", str(cores)]
    if further := [file for file in configfiles if file != "config/config.yaml"]:
        words += ["--configfile", *further]
    if overrides:
        words += ["--config", *(f"{key}={value}" for key, value in overrides.items())]
    return shlex.join(words)
