"""What makes numbers: data, models, training, evaluation, cost, comparison."""

# Before torch is imported.
import engine  # noqa: F401
