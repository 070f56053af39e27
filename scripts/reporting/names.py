"""What the report calls its entries, each a model × recipe, and their figures."""


def entry_titles(entries):
    """Titles of (model, recipe) pairs, a dict: the model, with the recipe where it has several."""
    entries = list(entries)
    models = [model for model, _ in entries]
    return {
        (model, recipe): model if models.count(model) == 1 else f"{model} · {recipe}"
        for model, recipe in entries
    }


# Of all entries together, and of each.
COMMON_FIGURES = ("accuracy", "losses", "tradeoffs")
ENTRY_FIGURES = ("loss", "classes", "examples")


def entry_figure(kind, model, recipe):
    """Name of an entry's figure; no model's or recipe's name has a plus."""
    return f"{kind}.{model}+{recipe}"


def figure_names(entries):
    """Names of all figures of a report but those of structures. entries: (model, recipe) pairs."""
    own = [entry_figure(kind, *entry) for entry in entries for kind in ENTRY_FIGURES]
    return [*COMMON_FIGURES, *own]


def figure_name(path):
    """Name of the figure in a file: a model's drawing, cost/<model>.svg, is called structure."""
    return f"structure.{path.stem}" if path.parent.name == "cost" else path.stem
