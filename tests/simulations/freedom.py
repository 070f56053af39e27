"""How often intervals of the model hold the truth, by its degrees of freedom and seeds' share."""

import numpy as np
from scipy.special import stdtrit

N_DRAWS = 100_000
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0)


def coverage(n_seeds, share, power, n_draws=N_DRAWS, seed=0):
    """Share of intervals that hold the truth, where images are so many that theirs is known.

    share: of the variance, that of the seeds; power: of the seeds' share by which their degrees of
    freedom are divided, 2 in Satterthwaite 1946.
    """
    random = np.random.default_rng(seed)
    of_seeds = share * random.chisquare(n_seeds - 1, n_draws) / (n_seeds - 1)
    variance = of_seeds + 1 - share
    freedom = (n_seeds - 1) / (of_seeds / variance) ** power
    error = np.abs(random.standard_normal(n_draws))
    return float(np.mean(error <= stdtrit(freedom, 0.975) * np.sqrt(variance)))


def table():
    """Lines of Markdown: in percent, for both powers."""
    head = ["seeds", "divided by the seeds' share", *(f"{100 * share:g}" for share in SHARES)]
    lines = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * len(SHARES)]
    for n_seeds in (2, 3, 6):
        for power, name in ((1, "itself"), (2, "squared")):
            cells = [f"{100 * coverage(n_seeds, share, power):.1f}" for share in SHARES]
            lines.append(f"| {n_seeds} | {name} | " + " | ".join(cells) + " |")
    return lines
