from common import parser_of, read, write

from engine.command import run_command

MODULUS = 1000


def main(arguments):
    write(arguments.metrics, read(arguments.weights) % MODULUS)


if __name__ == "__main__":
    run_command(parser_of("weights", "metrics"), main, inputs=["weights"], outputs=["metrics"])
