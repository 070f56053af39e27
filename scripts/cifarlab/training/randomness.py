"""The order of the images, and the random generators that a model may draw from."""

import random

import numpy as np
import torch

from cifarlab.training.batches import split_into_batches


class Order:
    """The order in which images are trained on, another one in each epoch.

    index: int64 [n], the images; seed: of all orders, which nothing else draws from. `state` is
    that of the generator before the epoch under way.
    """

    def __init__(self, index, batch_size, seed):
        self.index, self.batch_size = index, batch_size
        self.generator = torch.Generator().manual_seed(seed)
        self.state = self.generator.get_state()

    def batches(self, device):
        """The batches of the epoch under way, by `split_into_batches`, all on `device` at once."""
        self.generator.set_state(self.state)
        order = torch.randperm(len(self.index), generator=self.generator)
        return split_into_batches(self.index[order].to(device), self.batch_size)

    def end_epoch(self):
        self.state = self.generator.get_state()


def seed_all(seed):
    """Seed torch's generators, and what a user's own model may draw from beside them."""
    torch.manual_seed(seed)
    seed_generators(seed)


def seed_generators(seed):
    """Seed what a user's own model may draw from beside torch's generators."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def generator_states(device):
    """The states of every random generator that a model on `device` may draw from, by name."""
    kind, *state = np.random.get_state()
    states = {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": [kind, state[0].tolist(), *state[1:]],
    }
    if device.type != "cpu":
        states["device"] = getattr(torch, device.type).get_rng_state()
    return states


def set_generator_states(device, states):
    """The reverse of `generator_states`."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    if device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states["device"])
