"""Numbers as people read them."""

from decimal import ROUND_HALF_UP, Decimal


def is_missing(value):
    """Whether a cell has no value: None, or NaN, which is what an empty one is read as."""
    return value is None or value != value


def number(value, digits=None):
    """A number for people: separated thousands, `digits` after the point, a dash if missing.

    A half is rounded up, as people do and JavaScript does.
    """
    if is_missing(value):
        return "–"
    if digits is None:
        return f"{value:,}"
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,}"
