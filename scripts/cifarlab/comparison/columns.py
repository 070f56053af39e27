"""The columns of the comparison: where each comes from, and how its numbers are read."""

from dataclasses import dataclass

from cifarlab.evaluation.metrics import METRICS

# By how much a value is divided for the unit in which people read it.
DIVISORS = {"M": 1e6}


@dataclass(frozen=True)
class Column:
    """A column of comparison.csv.

    source: what has its values: metrics (metrics.json), robustness (robustness.csv), training
    (training.json), cost (cost/<model>.json), memory (its part for a recipe), or the code of
    `tables`, as "" says; unit: in which people read it; digits: after the point, or None for what
    is no number; better: higher, lower, or "" where it is neither.
    """

    source: str = ""
    unit: str = ""
    digits: int | None = 0
    better: str = ""

    @property
    def divisor(self):
        return DIVISORS.get(self.unit, 1)

    @property
    def is_count(self):
        """Whether it counts things, so that an axis may use prefixes: 4.7M."""
        return self.digits is not None and self.unit in ("", *DIVISORS)


OF_METRICS = {
    name: Column("metrics", metric.unit, metric.digits, metric.better)
    for name, metric in METRICS.items()
}
# In the order of the file; that of the first ten is part of the results contract.
COLUMNS = {
    "model": Column(digits=None),
    "recipe": Column(digits=None),
    "seeds": Column(),
    "total_params": Column("cost", better="lower"),
    "total_size_mb": Column("cost", "MB", 2, "lower"),
    "min_loss": Column("training", "", 4, "lower"),
    "final_loss": Column("training", "", 4, "lower"),
    "test_accuracy_percent": OF_METRICS["test_accuracy_percent"],
    "test_accuracy_std": Column("", "points", 2, "lower"),
    "train_seconds": Column("training", "s", 1, "lower"),
    "size_convention": Column("cost", digits=None),
    **OF_METRICS,
    "test_accuracy_without_duplicates_percent": Column("metrics", "%", 2, "higher"),
    "test_accuracy_by_corrected_labels_percent": Column("metrics", "%", 2, "higher"),
    "corrupted_accuracy_percent": Column("robustness", "%", 2, "higher"),
    "images_per_second": Column("training", better="higher"),
    "peak_memory_mb": Column("training", "MB", 0, "lower"),
    "input_size": Column(unit="px"),
    "initial_weights": Column(digits=None),
    "weights_mb": Column("cost", "MB", 2, "lower"),
    "multiply_adds": Column("cost", "M", 1, "lower"),
    "latency_median_ms": Column("cost", "ms", 2, "lower"),
    "latency_p95_ms": Column("cost", "ms", 2, "lower"),
    "throughput_images_per_second": Column("cost", better="higher"),
    "throughput_spread_percent": Column("cost", "%", 1, "lower"),
    "batch_size": Column("memory"),
    "micro_batch": Column("memory"),
    "train_step_seconds": Column("memory", "s", 3, "lower"),
    "train_step_peak_mb": Column("memory", "MB", 0, "lower"),
    "test_batch_peak_mb": Column("memory", "MB", 0, "lower"),
    "test_images": Column("metrics"),
    "test_accuracy_low_percent": Column("", "%", 2, "higher"),
    "test_accuracy_high_percent": Column("", "%", 2, "higher"),
    "interval_covers": Column(digits=None),
    "rank_low": Column(better="lower"),
    "rank_high": Column(better="lower"),
    "trial": Column(digits=None),
    "steps": Column("training"),
    "held_out_percent": Column(unit="%", digits=1),
}


def columns_from(source):
    """Names of the columns that have this source, in the order of the file."""
    return [name for name, column in COLUMNS.items() if column.source == source]
