"""Courses of the learning rate after the warm-up. The Settings of one, a ScheduleSettings, have
build(n_steps).

n_steps: steps after the warm-up. It returns a function from a step, counted from 0, to the share
of the recipe's learning rate there, in [0, 1]. It has no state: a resumed training asks it again.
Lengths are shares of these steps, so that they stay in place when a training gets longer.
"""

from cifarlab.training.parts import modules_in

SCHEDULES = modules_in(__name__, __path__)
