"""Numbers as people read them."""

import math
from decimal import ROUND_HALF_UP, Decimal


def number(value, digits=None):
    """A number for people: separated thousands, `digits` after the point, a dash if missing.

    A half is rounded up, as people do and JavaScript does.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if digits is None:
        return f"{value:,}"
    rounded = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,}"
