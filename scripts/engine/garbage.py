"""How often Python looks for garbage."""

import gc

AS_USUAL = gc.get_threshold()


def look_seldom():
    """While objects are made that live to the end: imports, and the jobs of Snakemake's plan.

    Looking among them as often as Python does takes a fifth of the import of torch, and a seventh
    of a dry run with many runs.
    """
    gc.set_threshold(50_000, 50, 50)


def look_as_usual():
    """From now on; what is there already is left alone.

    A model may leave cycles, which hold the memory of a step until they are found.
    """
    gc.freeze()
    gc.set_threshold(*AS_USUAL)
