"""Courses of the learning rate after the warm-up. The Settings of one, a Part, have build(n_steps).

n_steps: steps after the warm-up. It returns a function from a step, counted from 0, to the share
of the recipe's learning rate there, in [0, 1]. It has no state: a resumed training asks it again.
"""

from cifarlab.training.parts import modules_in

SCHEDULES = modules_in(__name__, __path__)
