"""What the report calls the rows of the comparison."""


def row_titles(rows):
    """Titles of (model, recipe) pairs, a dict: the model, with the recipe where it has several."""
    rows = list(rows)
    models = [model for model, _ in rows]
    return {
        (model, recipe): model if models.count(model) == 1 else f"{model} · {recipe}"
        for model, recipe in rows
    }
