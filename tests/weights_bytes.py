"""The content of a weights file without a file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from cifarlab.models.weights import save_weights


def weights_as_bytes(state, metadata):
    """What `save_weights` writes, as bytes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save_weights(path, state, metadata)
        return path.read_bytes()
