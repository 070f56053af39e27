"""What makes numbers: data, models, training, evaluation, cost, comparison."""
