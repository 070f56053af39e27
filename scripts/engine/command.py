"""How a command runs: its arguments, its faults, and the record that it leaves."""

import json
import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from engine.errors import EXIT_INTERRUPTED, Interrupted, UserError
from engine.faults import place_of
from engine.files import new_files, to_json
from engine.garbage import look_as_usual
from engine.records import completed, definition, made


def run_command(parser, main, inputs=(), outputs=(), code=()):
    """Parse the arguments and call `main(arguments)`; with --record, write the record last.

    inputs, outputs: names of the arguments that are files, or a function from the arguments to a
    list of paths; code: the same for Python files that the command runs without importing them by
    name. All other arguments are the settings; which of them define the outputs is for the caller
    of the command to say. Code and inputs are digested before `main` begins, which finds this as
    arguments.definition: that is what it sees. A UserError becomes one line on standard error and
    exit code 1, and Interrupted one and exit code 75. So do a `sys.exit` inside of `main`, which a
    user's model may call, and an output that is not there at the end: neither is a success. Every
    other exception keeps its traceback: it is a bug.
    """
    parser.add_argument(
        "--record",
        type=Path,
        help="JSON file to write after all outputs: what they are made from",
    )
    arguments = parser.parse_args()
    look_as_usual()
    with _faults_told():
        settings = {name: value for name, value in vars(arguments).items() if name != "record"}
        arguments.definition = definition(
            [sys.argv[0], *_paths(code, arguments)], settings, _paths(inputs, arguments)
        )
        main(arguments)
        _check_written(_paths(outputs, arguments))
        if arguments.record is None:
            return
        outputs = made(_paths(outputs, arguments))
        record = {**completed(arguments.definition), "outputs": outputs}
        with new_files(arguments.record) as (path,):
            path.write_text(to_json(record), encoding="utf-8")


@contextmanager
def _faults_told():
    """End the process as `run_command` says if the block raises."""
    try:
        yield
    except SystemExit as end:
        _end(
            f"error: sys.exit({end.code!r}) ended the program before its outputs were written "
            f"({place_of(end)}); take that call out"
        )
    except UserError as error:
        _end(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Interrupted as interruption:
        _end(f"interrupted: {interruption}", EXIT_INTERRUPTED)


def _end(line, status=1):
    """End the process with a line that comes last: what was printed before it may still wait."""
    sys.stdout.flush()
    print(line, file=sys.stderr)
    sys.exit(status)


def _check_written(paths):
    if missing := [str(path) for path in paths if not Path(path).exists()]:
        raise UserError(
            f"expected to have written {', '.join(missing)}, found nothing there; a fault of the "
            "command, or of a user's code that it runs"
        )


def _paths(files, arguments):
    """`files` of `run_command` as a flat list of paths; what was not given is left out."""
    values = files(arguments) if callable(files) else [getattr(arguments, name) for name in files]
    paths = []
    for value in values:
        paths += value if isinstance(value, list) else [value]
    return [path for path in paths if path is not None]


def snakemake_command(cores, configfiles, overrides):
    """The command line that makes the same results: text.

    configfiles: paths from the working directory, of which those that `elsewhere` returns are left
    out; overrides: values of --config by key.
    """
    words = ["snakemake", "--cores", str(cores)]
    left_out = ["config/config.yaml", *elsewhere(configfiles)]
    if further := [file for file in configfiles if file not in left_out]:
        words += ["--configfile", *further]
    if overrides:
        words += ["--config", *(f"{key}={_word(value)}" for key, value in overrides.items())]
    return shlex.join(words)


def elsewhere(configfiles):
    """Those that are outside of the working directory, which nobody else has."""
    return [file for file in configfiles if Path(file).is_absolute() or file.startswith("../")]


def _word(value):
    """A value as --config reads it back: YAML, of which JSON is a part."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
