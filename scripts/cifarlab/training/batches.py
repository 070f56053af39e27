"""How images are divided into batches, and a batch into micro-batches."""


def slices_of_batches(n, size):
    """Slices of `size` of n images each, the last one of what is left, a list.

    A single one that is left joins the batch before it: batch normalisation cannot train on one.
    """
    starts = [*range(0, n, size)] or [0]
    if len(starts) > 1 and size > 1 and starts[-1] == n - 1:
        del starts[-1]
    return [slice(*ends) for ends in zip(starts, [*starts[1:], n], strict=True)]


def split_into_batches(index, size):
    """The parts of `index`, int64 [n], by `slices_of_batches`, a list."""
    return [index[rows] for rows in slices_of_batches(len(index), size)]
