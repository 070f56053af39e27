"""How images are divided into batches, and a batch into micro-batches."""

import torch


def split_into_batches(index, size):
    """A list of int64 tensors of `size` entries of `index` each, the last one of what is left.

    A single one that is left joins the batch before it: batch normalisation cannot train on one.
    """
    if len(index) <= size:
        return [index]
    batches = list(index.split(size))
    if len(batches) > 1 and size > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches
