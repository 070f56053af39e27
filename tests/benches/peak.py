"""The fastest convolution and matrix product found on this machine, float32, in GFLOP/s.

The last line is JSON. Each of a few sizes is run for a while, and its fastest call counts.
"""

import argparse
import json
import time

import torch
from torch.nn import functional

SECONDS_EACH = 0.5
MATRICES = (256, 512, 1024, 2048, 4096)
# Batch, channels in and out, side, kernel.
CONVOLUTIONS = (
    (64, 64, 64, 32, 3),
    (64, 128, 128, 16, 3),
    (64, 256, 256, 16, 3),
    (64, 512, 512, 8, 3),
    (64, 64, 64, 32, 5),
    (64, 128, 256, 16, 5),
)


def fastest_seconds(call):
    """Seconds of the fastest of many calls; the first ones warm up."""
    call()
    ended, best = time.perf_counter() + SECONDS_EACH, float("inf")
    while time.perf_counter() < ended:
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def matrix_products():
    """(what it is, GFLOP/s) of each size."""
    for side in MATRICES:
        left, right = torch.randn(side, side), torch.randn(side, side)
        result = torch.empty(side, side)
        seconds = fastest_seconds(lambda a=left, b=right, r=result: torch.mm(a, b, out=r))
        yield f"product of matrices {side}×{side}", 2 * side**3 / seconds / 1e9


def convolutions():
    """The same of convolutions, in both memory formats."""
    for n_images, channels_in, channels_out, side, kernel in CONVOLUTIONS:
        for memory_format in (torch.contiguous_format, torch.channels_last):
            images = torch.randn(n_images, channels_in, side, side)
            weights = torch.randn(channels_out, channels_in, kernel, kernel)
            images = images.contiguous(memory_format=memory_format)
            weights = weights.contiguous(memory_format=memory_format)
            seconds = fastest_seconds(
                lambda i=images, w=weights, k=kernel: functional.conv2d(i, w, padding=k // 2)
            )
            flop = 2 * n_images * channels_out * side**2 * channels_in * kernel**2
            text = f"convolution {kernel}×{kernel}, {channels_in} to {channels_out} channels"
            yield f"{text}, {side}×{side}", flop / seconds / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    with torch.no_grad():
        found = {
            kind: dict(zip(("what", "gflops"), max(calls(), key=lambda one: one[1]), strict=True))
            for kind, calls in (("matrix", matrix_products), ("convolution", convolutions))
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
