"""Whether the same work takes the same time again."""

# Beyond it, times say more of what else ran on the machine than of the work.
AGREEMENT_PERCENT = 10


def agree(values):
    """Whether positive numbers exceed the smallest by AGREEMENT_PERCENT of it at most."""
    smallest = min(values)
    return 100 * (max(values) - smallest) <= AGREEMENT_PERCENT * smallest
