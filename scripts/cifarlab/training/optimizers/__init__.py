"""Optimizers. The Settings of one, an OptimizerSettings, have build(parameters).

It returns the torch.optim.Optimizer over `parameters`, an iterable of tensors. Its state_dict() is
what a checkpoint keeps of it, and the learning rate of its groups is set before every step.
"""

from cifarlab.training.parts import modules_in

OPTIMIZERS = modules_in(__name__, __path__)
