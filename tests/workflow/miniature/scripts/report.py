from common import parser_of, read

from engine.command import run_command


def main(arguments):
    numbers = [str(read(path)) for path in arguments.metrics]
    text = arguments.template.read_text() + " ".join(numbers)
    arguments.report.write_text(f"{text} of {read(arguments.numbers)}\n")


if __name__ == "__main__":
    run_command(
        parser_of("numbers", "template", "report", metrics=True),
        main,
        inputs=["metrics", "numbers", "template"],
        outputs=["report"],
    )
