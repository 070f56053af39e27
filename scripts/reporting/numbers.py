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
    # Zero has no sign.
    return f"{rounded or abs(rounded):,}"


def signed(value, digits):
    """A difference with its sign; what rounds to zero has none."""
    text = number(abs(value), digits)
    if float(text.replace(",", "")) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def p_value_text(value):
    """What stands after a p: = 0.012, or < 0.001."""
    if is_missing(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"= {number(value, 3)}"
