"""The report's figures as blocks of its sections."""

from reporting.blocks import Picture
from reporting.figures import FIGURES


def picture(content, say, name, row=None, recipe="", **options):
    """The Picture of a figure.

    row: the Row that it is of, if it is, in whose Folded it then is; recipe: the name of the one
    that it is of; options: of Picture.
    """
    figure, place, values = FIGURES[name], {}, {}
    if row is not None:
        place, values = {"model": row.model, "recipe": row.recipe}, {"title": row.title}
    elif recipe:
        place, values = {"recipe": recipe}, {"title": recipe}
    sentences = [*figure.caption(content, row), say.source(*figure.sources_of(row, recipe))]
    return Picture(
        label=figure.label.format(**place),
        title=say(figure.title),
        description=say(figure.description, **values),
        caption=say.sentences(sentences),
        is_wide=figure.is_wide,
        is_folded=row is not None,
        **options,
    )


def further(shown, *per):
    """Names of the figures of these kinds, comparison, row or model, that are not in `shown`."""
    return [name for name, fig in FIGURES.items() if fig.per in per and name not in shown]
