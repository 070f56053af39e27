import importlib
import sys

from common import BASE, parser_of, read, write

from engine.command import run_command
from engine.errors import UserError
from engine.observed import observing


def main(arguments):
    if arguments.rate == 13:
        raise UserError("no training with a rate of 13; take another")
    with observing():
        sys.path.insert(0, "own")
        model = importlib.import_module("model")
    number = read(arguments.numbers) + read(arguments.offset) + BASE
    write(arguments.weights, arguments.rate * model.result(number))


if __name__ == "__main__":
    inputs = ["numbers", "offset"]
    run_command(parser_of("rate", "weights", *inputs), main, inputs=inputs, outputs=["weights"])
