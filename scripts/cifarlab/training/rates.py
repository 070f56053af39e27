"""The learning rate of every step."""


def learning_rates(recipe, n_steps):
    """The learning rates of the steps, n_steps floats: a linear warm-up, then the schedule.

    recipe: Recipe; n_steps: of all epochs. Warm-up: Goyal et al. 2017.
    """
    n_warm_up = round(recipe.warm_up * n_steps)
    n_after = n_steps - n_warm_up
    factor = recipe.schedule.build(n_after)
    factors = [(step + 1) / n_warm_up for step in range(n_warm_up)]
    factors += [factor(step) for step in range(n_after)]
    return [recipe.optimizer.learning_rate * factor for factor in factors]
