"""Weights on disk."""

import safetensors
import safetensors.torch

from cifarlab.errors import UserError


def weights_as_bytes(model):
    """The model's weights and buffers as the bytes of a .safetensors file."""
    # The format knows one memory layout, so weights in channels_last are packed first.
    return safetensors.torch.save(
        {key: value.cpu().contiguous() for key, value in model.state_dict().items()}
    )


def load_weights(model, path):
    """Load a .safetensors file into `model`; its keys and shapes must be exactly the model's.

    Raises UserError that lists what is missing, unexpected or of another shape.
    """
    try:
        weights = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"cannot read the weights in {path} ({error}); train again") from error
    expected = model.state_dict()
    faults = {
        "missing": sorted(expected.keys() - weights.keys()),
        "unexpected": sorted(weights.keys() - expected.keys()),
        "of another shape": sorted(
            key
            for key in expected.keys() & weights.keys()
            if expected[key].shape != weights[key].shape
        ),
    }
    if any(faults.values()):
        listed = "; ".join(f"{what}: {', '.join(keys)}" for what, keys in faults.items() if keys)
        raise UserError(f"{path} does not fit the model; {listed}; train again or name another")
    model.load_state_dict(weights)
