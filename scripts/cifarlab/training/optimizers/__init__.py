"""Optimizers. The Settings of one, an OptimizerSettings, have build(groups).

It returns the torch.optim.Optimizer over `groups`, dicts as torch takes them, made by
`cifarlab.training.groups`; `optimizer` in `cifarlab.training.parts` makes it of torch's class. Its
state_dict() is what a checkpoint keeps of it. Before every step the `lr` of each group is set to
the learning rate times the group's `lr_multiple`.
"""

from cifarlab.training.parts import modules_in

OPTIMIZERS = modules_in(__name__, __path__)
