"""Muon for weights of any shape, and optimizers that take their steps together."""

import math

import torch

# Of the Newton-Schulz iteration; Jordan 2024, https://kellerjordan.github.io/posts/muon/
COEFFICIENTS, ITERATIONS, SMALLEST_NORM = (3.4445, -4.7750, 2.0315), 5, 1e-7


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon, also for convolutions: each weight is a matrix with a row per output.

    groups: of parameters with two dimensions or more; lr, momentum, weight_decay: as torch's.
    """

    def __init__(self, groups, lr, momentum, weight_decay):
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._step(weight, group)

    def _step(self, weight, group):
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight.grad)
        mean = state["momentum_buffer"].lerp_(weight.grad, 1 - group["momentum"])
        direction = orthogonal(weight.grad.lerp(mean, group["momentum"]).flatten(1))
        rows, columns = direction.shape
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        # So that the outputs of a matrix with more rows than columns change as much.
        rate = group["lr"] * math.sqrt(max(1, rows / columns))
        weight.add_(direction.view(weight.shape), alpha=-rate)


def orthogonal(matrix):
    """A matrix near U Vᵀ, where U S Vᵀ is the singular value decomposition of `matrix`.

    In bfloat16, as torch and its author do: singular values come out between about 0.7 and 1.2.
    """
    a, b, c = COEFFICIENTS
    is_tall = len(matrix) > matrix.shape[1]
    wide = matrix.bfloat16()
    wide = wide.T if is_tall else wide
    wide = wide / wide.norm().clamp(min=SMALLEST_NORM)
    for _ in range(ITERATIONS):
        gram = wide @ wide.T
        polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        wide = torch.addmm(wide, polynomial, wide, beta=a)
    return wide.T if is_tall else wide


class Together:
    """Several optimizers over different parameters, as if they were one. Scaled gradients are not
    for them: a torch.amp.GradScaler undoes its scaling first."""

    def __init__(self, *optimizers):
        self.optimizers = optimizers

    @property
    def param_groups(self):
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    @property
    def state(self):
        return {p: s for optimizer in self.optimizers for p, s in optimizer.state.items()}

    def zero_grad(self, set_to_none=True):
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none)

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self):
        return {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state):
        for optimizer, of_one in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(of_one)
