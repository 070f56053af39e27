# In: the configured device and threads, the cores that Snakemake was given.
# Out: what jobs ask for, and a line on this machine's GPUs before the first of them starts.

from engine.gpus import gpus_seen

DEVICE = CONFIGURATION.device
THREADS = CONFIGURATION.threads
# What is measured is measured alone: a job that asks for all cores has no neighbours. In a cluster's
# job the cores are those of a node, of which the job has only its share.
ALL_CORES = THREADS
if IS_MAIN_PROCESS:
    ALL_CORES = max(THREADS, CORES)
# With device auto a job uses a GPU where it finds one, so it asks for one.
GPUS_PER_RUN = 0 if DEVICE == "cpu" else 1
# Stages whose jobs compute on the device.
ON_DEVICE = ("rehearse", "train", "evaluate", "cost")


def say_device(decisions):
    """Say which GPUs this machine has, where jobs that may use one are about to run on it."""
    stages = {Path(record).relative_to(RECORDS).parts[0] for record in running(decisions)}
    if DEVICE != "cpu" and JOBS_RUN_HERE() and not stages.isdisjoint(ON_DEVICE):
        logger.info(f"device: {DEVICE}; {gpus_seen()}")


def running(decisions):
    """Records of the jobs that run or may run. decisions: by record."""
    return [record for record, one in decisions.items() if one.runs or one.waits_for]


BEFORE_JOBS.append(say_device)
