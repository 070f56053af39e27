"""Where the time of a training step goes, and how close it is to what the machine can compute."""

from benches.measuring import n_cores, run_bench, say, spread_of
from benches.page import Point, goal, spread, table
from benches.points.training import STEPS, ours

GOAL_PERCENT = 2
# A multiply-add is two operations; backward computes two products for each of forward's.
FLOP_PER_MULTIPLY_ADD = 2 * 3
PARTS = ("forward", "loss", "backward", "optimizer", "input")
REPEATS = 3


def measure(options):
    images, models = options.images(), {}
    for model, steps in STEPS.items():
        # A rate is taken without the timers of the parts.
        repeats = min(REPEATS, options.pairs)
        parts = [ours(images, model, steps, "--parts") for _ in range(repeats)]
        rates = [ours(images, model, steps)["images_per_second"] for _ in range(repeats)]
        models[model] = {"parts": parts, "images_per_second": rates}
        say(f"step {model}: {rates[-1]:,.0f} images/s")
    peak = run_bench("peak.py", "--threads", n_cores())
    return {"images": images.kind, "threads": n_cores(), "models": models, "peak": peak}


def percents(one):
    """The share in % of each of PARTS, and of all else, in the time of the steps, a dict."""
    shares = {name: 100 * one["parts"][name] / one["seconds"] for name in PARTS}
    return {**shares, "rest": 100 - sum(shares.values())}


def outside_percent(one):
    """The share in % that is neither forward, backward nor optimizer."""
    shares = percents(one)
    return shares["input"] + shares["rest"]


def gflops(one, images_per_second):
    """Achieved GFLOP/s of a training, by the convention of FLOP_PER_MULTIPLY_ADD."""
    return FLOP_PER_MULTIPLY_ADD * one["multiply_adds"] * images_per_second / 1e9


def lines(values):
    peak = max(values["peak"].values(), key=lambda one: one["gflops"])
    shares, rates = [], []
    for model, found in values["models"].items():
        parts = [percents(one) for one in found["parts"]]
        medians = [spread_of([one[name] for one in parts]).median for name in (*PARTS, "rest")]
        outside = spread_of([outside_percent(one) for one in found["parts"]])
        cells = [f"{median:.1f}" for median in medians]
        met = goal(outside.median, GOAL_PERCENT, at_least=False)
        shares.append((model, *cells, spread(outside, 1), met))
        rate = spread_of(found["images_per_second"]).median
        achieved = gflops(found["parts"][0], rate)
        rates.append((model, f"{achieved:.1f}", f"{100 * achieved / peak['gflops']:.0f}"))
    best = "; ".join(f"{one['what']}: {one['gflops']:.0f}" for one in values["peak"].values())
    return [
        f"Share of a step in %, {values['threads']} threads, batch 64, in the loop as it trains. "
        "Outside is what is neither forward (with the loss), backward nor optimizer: "
        "the input (a batch is gathered and normalised), and the rest.",
        "",
        *table(("model", *PARTS, "rest", "outside", "goal"), shares),
        "",
        "Operations per second, by this convention: 2 for a multiply-add, and 3 times those of "
        "forward for forward and backward. Only convolutions and matrix products are counted, so "
        "normalisation, pooling and the optimizer take time and count nothing; the first "
        "convolution needs no gradient of its input, and is counted as if it did. The peak is the "
        f"fastest call found among a few sizes, in GFLOP/s: {best}.",
        "",
        *table(("model", "GFLOP/s", "of the peak, %"), rates),
        "",
        "The peak is not the processor's own, only what was found to be reached on it.",
    ]


POINTS = [Point("step", "Where the time of a step goes", measure, lines)]
