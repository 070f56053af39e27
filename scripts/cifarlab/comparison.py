"""All runs side by side, and their means over seeds."""

import pandas as pd

TRAINING_COLUMNS = [
    "min_loss",
    "final_loss",
    "train_seconds",
    "images_per_second",
    "peak_memory_mb",
    "steps",
    "device",
    "device_name",
    "threads",
]
METRIC_COLUMNS = [
    "test_accuracy_percent",
    "top5_accuracy_percent",
    "superclass_accuracy_percent",
    "test_loss",
]
COST_COLUMNS = [
    "total_params",
    "total_size_mb",
    "size_convention",
    "weights_mb",
    "multiply_adds",
    "latency_median_ms",
    "latency_p95_ms",
    "throughput_images_per_second",
]
MEMORY_COLUMNS = [
    "batch_size",
    "micro_batch",
    "train_step_seconds",
    "train_step_peak_mb",
    "test_batch_peak_mb",
]
# The order of these first columns is part of the results contract.
COMPARISON_COLUMNS = [
    "model",
    "recipe",
    "seeds",
    "total_params",
    "total_size_mb",
    "min_loss",
    "final_loss",
    "test_accuracy_percent",
    "test_accuracy_std",
    "train_seconds",
    "size_convention",
    "top5_accuracy_percent",
    "superclass_accuracy_percent",
    "test_loss",
    "images_per_second",
    "peak_memory_mb",
    "input_size",
    "initial_weights",
    *COST_COLUMNS[3:],
    *MEMORY_COLUMNS,
]


def tabulate_runs(runs):
    """One row per run, in the order given.

    runs: list of RunFolder. Returns a DataFrame: model, recipe, seed, metrics, record of training.
    """
    return pd.DataFrame(
        [
            {
                "model": run.model,
                "recipe": run.recipe,
                "seed": run.seed,
                "input_size": run.training["inputs"]["size"],
                "initial_weights": (run.training["initial_weights"] or {}).get("source"),
                **{column: run.metrics[column] for column in METRIC_COLUMNS},
                **{column: run.training[column] for column in TRAINING_COLUMNS},
            }
            for run in runs
        ]
    )


def compare(runs, costs):
    """One row per model × recipe, the mean over its seeds, in order of first appearance.

    runs: as `tabulate_runs` returns them; costs: dict from model to its cost, a dict.
    Returns a DataFrame with COMPARISON_COLUMNS. `seeds` counts them; `test_accuracy_std` is the
    sample standard deviation over seeds (n − 1) and empty where there is one seed.
    """
    groups = runs.groupby(["model", "recipe"], sort=False)
    comparison = groups.mean(numeric_only=True)
    comparison["seeds"] = groups.size()
    comparison["test_accuracy_std"] = groups["test_accuracy_percent"].std(ddof=1)
    comparison = comparison.reset_index()
    comparison["input_size"] = comparison["input_size"].astype(int)
    comparison["initial_weights"] = groups["initial_weights"].first().to_numpy()
    for column in COST_COLUMNS:
        comparison[column] = [costs[model][column] for model in comparison["model"]]
    memories = [costs[row.model]["memory"][row.recipe] for row in comparison.itertuples()]
    for column in MEMORY_COLUMNS:
        comparison[column] = [memory[column] for memory in memories]
    return comparison[COMPARISON_COLUMNS]
