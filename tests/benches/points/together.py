"""Two trainings side by side, of one thread each, against one after the other on two threads."""

import tempfile
import time
from pathlib import Path

from benches.jobs import train_words
from benches.measuring import by_turns, ratios_of, run, spread_of, start
from benches.page import Point, pairs_of, spread, table

STEPS = {"cnn_2": 300, "cnn_5": 150}


def measure(options):
    images, models = options.images(), {}
    with tempfile.TemporaryDirectory() as folder:
        for model, steps in STEPS.items():

            def words(threads, number, model=model, steps=steps):
                place = Path(folder) / str(number)
                return train_words(images, model, threads, place, max_steps=steps)

            models[model] = by_turns(
                f"two trainings of {model}, s",
                options.pairs,
                together=lambda w=words: seconds_together(w),
                in_turn=lambda w=words: sum(run(w(2, number)).seconds for number in (0, 1)),
            )
    return {"images": images.kind, "steps": STEPS, "models": models}


def seconds_together(words):
    """Seconds until two trainings of one thread each have ended, started at once."""
    began = time.perf_counter()
    for training in [start(words(1, number)) for number in (0, 1)]:
        training.finish()
    return time.perf_counter() - began


def lines(values):
    rows = []
    for model, seconds in values["models"].items():
        ratio = ratios_of(seconds["in_turn"], seconds["together"])
        sides = (f"{spread_of(seconds[side]).median:.1f}" for side in ("in_turn", "together"))
        rows.append((model, values["steps"][model], *sides, spread(ratio)))
    titles = ("model", "steps each", "one after the other, s", "together, s", "ratio")
    return [
        "Two trainings of one thread each at the same time, against one after the other on two "
        f"threads; whole processes of `scripts/train.py` with their start-up. "
        f"{pairs_of(len(seconds['together']))}. More than 1: together is faster.",
        "",
        *table(titles, rows),
        "",
        "A single training takes longer on one thread than on two: this is about many runs. The "
        "number of threads has a bearing on the last bits of a run.",
    ]


POINTS = [Point("together", "Trainings side by side", measure, lines)]
