"""Data in the memory of the device where it fits, else in the host's, and then copied ahead.

Both give the same bits. On a CPU, and where CPU and GPU share their memory, there is one memory.
"""

import torch

# Of the device's free memory, what data may take for good: the rest is for model and activations,
# and twice as much is needed for a moment where a validation split is taken out of it.
SHARE_OF_FREE_MEMORY = 0.25


def fits(n_bytes, device):
    """Whether so much data may stay in the memory of a device, as it is free now."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes <= SHARE_OF_FREE_MEMORY * free


class CopiesAhead:
    """Copies rows of tensors in the host's memory to a device, while the device computes.

    A process that trains only queues computations, and is several steps ahead of the device. The
    copy of a later batch waits for none of them, because it has a stream of its own, and the
    memory that it is copied from is pinned, so that the process does not wait for it either.
    """

    def __init__(self, device):
        self.device = device
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def rows(self, tensor, index):
        """`tensor[index]` on the device. index: a slice, or int64 [n] in the host's memory."""
        if self.stream is None:
            return tensor[index].to(self.device)
        if isinstance(index, slice):
            rows = tensor[index].pin_memory()
        else:
            rows = _pinned(len(index), *tensor.shape[1:], dtype=tensor.dtype)
            torch.index_select(tensor, 0, index, out=rows)
        return self._copied(rows)

    def _copied(self, pinned):
        with torch.cuda.stream(self.stream):
            copy = pinned.to(self.device, non_blocking=True)
        computing = torch.cuda.current_stream(self.device)
        computing.wait_stream(self.stream)
        # Its memory belongs to the stream of copies, which must not take it again too early.
        copy.record_stream(computing)
        return copy


def _pinned(*shape, dtype):
    # torch keeps pinned memory, and gives it out again when the copy from it has ended.
    return torch.empty(shape, dtype=dtype, pin_memory=True)
