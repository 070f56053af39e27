"""The precision of a computation, by the names that recipes use."""

import sys
from contextlib import nullcontext

import torch

from cifarlab.devices import HAS_BF16_AND_TF32, precision_warning

# Computed in by autocast; weights stay float32.
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
# Of float32 numbers on a CUDA device: whether convolutions and whether matrix products may round
# their factors to TF32, which has 10 bits of mantissa instead of 23. torch's own default differs
# between the two.
TF32 = {"fp32": (False, False), "tf32": (True, True), "torch_default": (True, False)}
PRECISIONS = (*TF32, *HALF)


def set_precision(precision, device):
    """Set what this process computes float32 numbers in; returns a JSON object for the record.

    precision: one of PRECISIONS; what is left of float32 in half precision is as torch's default.
    Returns which of ieee and tf32 convolutions and matrix products are computed in, or None on
    another kind of device than CUDA, where all is float32. Says on standard error where the device
    is not made for it.
    """
    if warning := precision_warning(precision, device):
        print(f"warning: {warning}", file=sys.stderr)
    if device.type != "cuda":
        return None
    convolutions, products = TF32.get(precision, TF32["torch_default"])
    torch.backends.cudnn.allow_tf32 = convolutions
    torch.set_float32_matmul_precision("high" if products else "highest")
    return {
        "convolutions": "tf32" if torch.backends.cudnn.allow_tf32 else "ieee",
        "matrix_products": "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee",
    }


def convolves_on_tensor_cores(precision, device):
    """Whether a CUDA device computes convolutions in half precision or in TF32."""
    if precision in HALF:
        return True
    may_round, _ = TF32[precision]
    return may_round and torch.cuda.get_device_capability(device) >= HAS_BF16_AND_TF32


def autocast(precision, device):
    """A context manager for the forward pass in this precision."""
    if precision not in HALF:
        return nullcontext()
    return torch.autocast(device.type, dtype=HALF[precision])
