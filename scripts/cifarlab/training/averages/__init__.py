"""Averages of the weights. The Settings of one, an AveragingSettings, say what is taken when.

The average starts with what is taken first. After every step and every epoch the module says with
which share the weights of that moment go into it; `cifarlab.training.averaging` does the rest.
"""

from cifarlab.training.parts import modules_in

AVERAGES = modules_in(__name__, __path__)
