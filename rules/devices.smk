# In: the configured device and threads, the cores that Snakemake was given.
# Out: what jobs ask for, and a line on this machine's GPUs before the first of them starts.

from functools import cache

from engine.gpus import gpus_seen, may_be_found

DEVICE = CONFIGURATION.device
THREADS = CONFIGURATION.threads
# What is measured is measured alone: a job that asks for all cores has no neighbours. In a cluster's
# job the cores are those of a node, of which the job has only its share.
ALL_CORES = THREADS
if IS_MAIN_PROCESS:
    ALL_CORES = max(THREADS, CORES)
# This machine is asked once, not for each job.
GPU_MAY_BE_FOUND = cache(may_be_found)


def gpus_of_auto(wildcards):
    """A job with device auto asks for a GPU, unless it runs on this machine, which surely has none."""
    runs_here = IS_MAIN_PROCESS and JOBS_RUN_HERE()
    return 0 if runs_here and not GPU_MAY_BE_FOUND() else 1


GPUS_PER_RUN = {"cpu": 0, "auto": gpus_of_auto}.get(DEVICE, 1)
# Stages whose jobs compute on the device.
ON_DEVICE = ("rehearse", "train", "evaluate", "robustness", "cost")


def say_device(decisions):
    """Say which GPUs this machine has, where jobs that may use one are about to run on it."""
    stages = {Path(record).relative_to(RECORDS).parts[0] for record in running(decisions)}
    if DEVICE != "cpu" and JOBS_RUN_HERE() and not stages.isdisjoint(ON_DEVICE):
        logger.info(f"device: {DEVICE}; {gpus_seen()}")


def running(decisions):
    """Records of the jobs that run or may run. decisions: by record."""
    return [record for record, one in decisions.items() if one.runs or one.waits_for]


BEFORE_JOBS.append(say_device)
