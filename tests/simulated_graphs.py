"""torch.cuda.make_graphed_callables without CUDA, as torch 2.14.1's own torch/cuda/graphs.py.

What it shares with the real one is what a user of it must know: passes that warm up change buffers
and random generators; the shape of a batch is fixed; inputs, outputs and gradients lie in memory
that the next replay overwrites; the Python code of the module does not run again.
"""

from dataclasses import dataclass, field

import torch
from torch.utils import _pytree as pytree

WARM_UP = 3


@dataclass
class Graphs:
    """CUDA graphs that are not there. fault: what a recording raises, or None.

    shapes: of the batches that were recorded; replays: how many forward passes were replayed.
    """

    fault: Exception | None = None
    shapes: list = field(default_factory=list)
    replays: int = 0

    def make_graphed_callables(self, module, sample_args, allow_unused_input=False):
        assert not (torch.is_autocast_enabled("cpu") and torch.is_autocast_cache_enabled())
        (images,) = sample_args
        compute, parameters = module.forward, [p for p in module.parameters() if p.requires_grad]
        for _ in range(WARM_UP):
            passes(compute, images, parameters, allow_unused_input)
        if self.fault:
            raise self.fault
        self.shapes.append(tuple(images.shape))
        module.forward = self._recorded(
            compute, images, parameters, torch.is_autocast_enabled("cpu")
        )
        return module

    def _recorded(self, compute, images, parameters, in_half):
        memory = {}

        class Graphed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, batch, *_):
                assert batch.shape == images.shape
                images.copy_(batch)
                self.replays += 1
                with (
                    torch.enable_grad(),
                    torch.autocast("cpu", enabled=in_half, cache_enabled=False),
                ):
                    memory["tree"] = compute(images)
                leaves, spec = pytree.tree_flatten(memory["tree"])
                outputs = memory.setdefault("outputs", [leaf.detach().clone() for leaf in leaves])
                memory["spec"] = spec
                for kept, leaf in zip(outputs, leaves, strict=True):
                    kept.copy_(leaf.detach())
                return tuple(kept.detach() for kept in outputs)

            @staticmethod
            def backward(ctx, *gradients):
                leaves = pytree.tree_leaves(memory["tree"])
                found = torch.autograd.grad(leaves, parameters, gradients, allow_unused=True)
                kept = memory.setdefault(
                    "gradients", [g if g is None else g.clone() for g in found]
                )
                for old, new in zip(kept, found, strict=True):
                    if old is not None:
                        old.copy_(new)
                return None, *(g if g is None else g.detach() for g in kept)

        def replay(batch):
            return pytree.tree_unflatten(Graphed.apply(batch, *parameters), memory["spec"])

        return replay


def passes(compute, images, parameters, allow_unused):
    """A forward and a backward pass that leave no gradients."""
    leaves = pytree.tree_leaves(compute(images))
    garbage = [torch.empty_like(leaf) for leaf in leaves]
    torch.autograd.grad(leaves, parameters, garbage, allow_unused=allow_unused)
