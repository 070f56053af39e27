"""The report's figures as blocks of its sections."""

from reporting.blocks import Picture
from reporting.figures import FIGURES


def picture(content, say, name, row=None, **options):
    """The Picture of a figure. row: the Row that it is of, if it is; options: of Picture."""
    figure, place, values = FIGURES[name], {}, {}
    if row is not None:
        place, values = {"model": row.model, "recipe": row.recipe}, {"title": row.title}
    return Picture(
        label=figure.label.format(**place),
        title=say(figure.title),
        description=say(figure.description, **values),
        caption=say.sentences([*figure.caption(content, row), say.source(*figure.sources_of(row))]),
        is_wide=figure.is_wide,
        **options,
    )


def further(shown, *per):
    """Names of the figures of these kinds, comparison, row or model, that are not in `shown`."""
    return [name for name, fig in FIGURES.items() if fig.per in per and name not in shown]
