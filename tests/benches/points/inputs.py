"""The input path at 224 pixels against torchvision's, image by image."""

from benches.measuring import by_turns, n_cores, ratios_of, run_bench, spread_of
from benches.page import Point, goal, pairs_of, spread, table

GOAL = 2
BATCHES = 30


def measure(options):
    images, by_threads = options.images(), {}
    for threads in sorted({1, n_cores()}):
        few = ("--threads", threads, "--batches", BATCHES)

        def rate(*side, few=few):
            return run_bench("input_path.py", *side, *few)["images_per_second"]

        by_threads[threads] = by_turns(
            f"input at 224 px, {threads} threads, images/s",
            options.pairs,
            ours=lambda r=rate: r("--dataset", images.train),
            torchvision=lambda r=rate: r("--images", images.torchvision),
        )
    return {"images": images.kind, "threads": by_threads}


def lines(values):
    rows = []
    for threads, rates in values["threads"].items():
        ratio = ratios_of(rates["ours"], rates["torchvision"])
        own, other = (f"{spread_of(rates[side]).median:,.0f}" for side in ("ours", "torchvision"))
        sides = (
            ("1 thread", "1 process")
            if int(threads) == 1
            else (
                f"{threads} threads",
                f"{threads} workers",
            )
        )
        rows.append((*sides, own, other, spread(ratio), goal(ratio.median, GOAL)))
    titles = ("this project", "torchvision", "this, images/s", "torchvision, images/s")
    return [
        f"Batches of 64 at 224×224 from {values['images']}, ready for a model: bytes in memory to "
        "normalised floats. torchvision's way is `Resize(224)`, `ToTensor`, `Normalize` for each "
        f"PIL image, and a `DataLoader`. {pairs_of(len(rates['ours']))}.",
        "",
        *table((*titles, "ratio", "goal"), rows),
        "",
        "No file is read and no JPEG decoded on either side. torchvision rounds the resized pixels "
        "to bytes, and this project does not.",
    ]


POINTS = [Point("input", "Input path at 224 pixels", measure, lines)]
