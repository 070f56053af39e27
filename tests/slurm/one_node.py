"""A real Slurm of one node on loopback: munged, slurmctld and slurmd, with fake GPUs.

It needs root and Debian's packages (install.sh). Nothing of it is a service: the daemons are
children of this process and end with it, even when it is killed.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

ETC = Path("/etc/slurm")
# In the first line of every file in ETC that is ours, so that a site's own is never touched.
MARK = "# of the one-node Slurm of this project's tests; removed when it stops\n"
# Debian has the daemons in sbin, which is not on every user's PATH.
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
# What the node claims to have.
CPUS, MEMORY_MB = 6, 128_000

SLURM_CONF = """\
ClusterName={cluster}
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
# Bind to loopback, not to every interface.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# A container may not be allowed to make cgroups: a job is what descends from its first process.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# For the same reason memory is read from /proc every second, and what exceeds its limit is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
# Seconds for which squeue tells what became of a job: the tests ask at their end.
MinJobAge=3600
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
# Take these numbers, whatever the machine has.
SlurmdParameters=config_overrides
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
# With one tier for both, a job that waits for a GPU holds back the CPU jobs behind it.
PartitionName=cpu Nodes={node} Default=YES PriorityTier=2 MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={node} PriorityTier=1 MaxTime=INFINITE State=UP
"""


class Job(NamedTuple):
    """What Slurm knows of a job; `rule` is what the executor's comment says of it."""

    id: str
    name: str
    state: str
    partition: str
    rule: str
    started: datetime | None
    ended: datetime | None

    @property
    def is_over(self):
        return self.state not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")


class OneNode:
    """Slurm with one node; `folder` has its state and its logs."""

    def __init__(self, folder):
        self.folder = folder
        self.node = socket.gethostname().partition(".")[0]
        self.cluster = f"tests-{os.getpid()}"
        self.daemons = []

    def start(self, gpus):
        """Start anew with this number of GPUs, knowing no jobs; return once a job has run."""
        self.stop()
        for name in ("state", "spool", "dev"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        self._configure(gpus)
        (self.folder / "munge.key").touch(0o600)
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        options = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        options["seed-file"] = "seed"
        files = [f"--{option}={self.folder}/munge.{end}" for option, end in options.items()]
        self._daemon("munged", "--foreground", "--force", *files)
        wait_for("munged", (self.folder / "munge.socket").exists)
        self._daemon("slurmctld", "-D")
        self._daemon("slurmd", "-D", "-N", self.node)
        wait_for("the node to be idle", self._is_idle)
        # sinfo can say idle before slurmd has registered.
        command("srun", "--quiet", "--ntasks=1", "--time=1", "--mem=50", "true")

    def stop(self):
        """Cancel all jobs, end the daemons and remove the configuration."""
        try:
            if self.daemons and all(daemon.poll() is None for daemon in self.daemons):
                self.cancel(*self.jobs())
                wait_for("jobs to end", lambda: all(job.is_over for job in self.jobs()), 60)
        finally:
            for daemon in reversed(self.daemons):
                daemon.terminate()
                with suppress(subprocess.TimeoutExpired):
                    daemon.wait(timeout=20)
                daemon.kill()
                daemon.wait()
            self.daemons.clear()
            # Without cgroups, what outlived its parent in a job was no longer known to Slurm.
            for process in processes_of(self.cluster):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            # With a configuration and no daemons, every start of Snakemake waits for them.
            for file in ETC.glob("*.conf"):
                if is_ours(file):
                    file.unlink()

    def jobs(self):
        """All jobs of workflows since the start, in the order of their submission."""
        lines = command("squeue", "--all", "--states=all", "-h", "-o", "%A|%j|%T|%P|%k|%S|%e")
        rows = [line.split("|") for line in lines.splitlines()]
        jobs = [Job(*row[:5], *map(moment, row[5:])) for row in rows if row[4].startswith("rule_")]
        return sorted(jobs, key=lambda job: int(job.id))

    def cancel(self, *jobs):
        """scancel those of these jobs that are not over."""
        if ids := [job.id for job in jobs if not job.is_over]:
            command("scancel", *ids)

    def _configure(self, gpus):
        ETC.mkdir(exist_ok=True)
        devices = f"{self.folder}/dev/gpu[0-{gpus - 1}]"
        files = {
            "slurm.conf": SLURM_CONF.format(
                cluster=self.cluster,
                node=self.node,
                folder=self.folder,
                controller_port=free_port(),
                node_port=free_port(),
                cpus=CPUS,
                memory=MEMORY_MB,
                gpus=gpus,
            ),
            "gres.conf": f"NodeName={self.node} Name=gpu File={devices}\n",
            # slurmd loads a cgroup plugin though none is used; this one changes nothing.
            "cgroup.conf": "CgroupPlugin=cgroup/v1\n",
        }
        for name, text in files.items():
            if (ETC / name).exists() and not is_ours(ETC / name):
                raise RuntimeError(f"{ETC / name} is there: this machine has a Slurm of its own")
            (ETC / name).write_text(MARK + text)
        for number in range(gpus):
            # Slurm numbers GPUs only if they are devices; these are like /dev/null.
            device = self.folder / f"dev/gpu{number}"
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))

    def _daemon(self, *words):
        with (self.folder / f"{words[0]}.out").open("w") as output:
            self.daemons.append(
                # setpriv: should this process be killed, the kernel ends the daemon.
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", *words],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PATH": PATH},
                )
            )

    def _is_idle(self):
        for daemon in self.daemons:
            if daemon.poll() is not None:
                raise RuntimeError(f"{daemon.args[3]} ended, see {self.folder}/{daemon.args[3]}.*")
        with suppress(subprocess.CalledProcessError):
            return set(command("sinfo", "-h", "-o", "%T").split()) == {"idle"}


def is_ours(file):
    return file.read_text().startswith(MARK)


def processes_of(cluster):
    """The processes of the jobs of this cluster, by what Slurm put into their environment."""
    mark = f"SLURM_CLUSTER_NAME={cluster}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found


def moment(text):
    """A time as squeue prints it, or None for a time that is not known yet."""
    return None if text in ("N/A", "NONE") else datetime.fromisoformat(text)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(*words):
    """The output of a Slurm command; raises CalledProcessError where it fails."""
    result = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    return result.stdout


def wait_for(what, condition, seconds=60):
    """Ask ten times a second until `condition()` is true; what it said, or TimeoutError."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)
    return answer
