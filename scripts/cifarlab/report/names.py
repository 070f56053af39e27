"""What the report calls its entries, each a model × recipe, and their figures."""


def entry_titles(entries):
    """Titles of (model, recipe) pairs, a dict: the model, with the recipe where it has several."""
    entries = list(entries)
    models = [model for model, _ in entries]
    return {
        (model, recipe): model if models.count(model) == 1 else f"{model} · {recipe}"
        for model, recipe in entries
    }
