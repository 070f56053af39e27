"""What befalls a training, each as a function of outcomes.Fault."""

import shutil
import signal
from functools import partial

from faults.kits import N_STEPS
from faults.outcomes import Fault, expect
from faults.trainings import INTERVAL, Training

from engine.errors import EXIT_INTERRUPTED

MOMENTS = ("half", "whole", "placed")
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
LAST_CHECKPOINT = (N_STEPS - 1) // INTERVAL * INTERVAL


def kill_at_random(run, chance, count):
    for seconds in run.random_pauses(chance, count):
        run.start()
        run.signal_after(seconds, signal.SIGKILL)
        # It may have ended before.
        if run.wait(-signal.SIGKILL, 0) == 0:
            return
        run.injected += 1
    run.finish()


def kill_inside_a_checkpoint(run, chance, count):
    """Half of it written, all of it, or just in its place."""
    steps = sorted(chance.sample(range(INTERVAL, N_STEPS, INTERVAL), count))
    for step, moment in zip(steps, chance.sample(MOMENTS, count), strict=True):
        run.start(f"kill {moment} step-{step:09d}.checkpoint")
        run.wait(-signal.SIGKILL)
        run.injected += 1
    run.finish()


def kill_while_outputs_take_their_places(run, chance, count):
    """Before, after and between any two of them."""
    names = ("weights.safetensors", "history.csv", "epochs.csv", "training.json", "record.json")
    for _ in range(count):
        run.start(f"kill {chance.choice(MOMENTS)} {chance.choice(names)}")
        run.wait(-signal.SIGKILL)
        run.injected += 1
    run.finish()


def ask_to_stop(run, chance, count, numbers=1):
    """One stop signal, or several in a row: a checkpoint, one line, and its own exit status."""
    for seconds in run.random_pauses(chance, count):
        signals = [chance.choice(STOP_SIGNALS) for _ in range(numbers)]
        run.start()
        run.signal_after(seconds, *signals, between=chance.uniform(0, 0.05))
        status = run.wait(EXIT_INTERRUPTED, 0, *(-number for number in signals))
        # It had done all and was about to end anyway, so nothing was interrupted.
        if "record.json" in run.outputs():
            return
        expect(
            status == EXIT_INTERRUPTED,
            f"{run.log.name}: expected exit status {EXIT_INTERRUPTED}, found {status}",
        )
        run.injected += 1
        run.expect_said(f"interrupted: {signals[0].name} after step ")
        run.expect_said("the same command resumes from there")
    run.finish()


def no_room_for_checkpoints(run, _chance, _count):
    """The training continues without them, and keeps the one that it has."""
    run.start_until(INTERVAL + 2)
    [kept] = run.checkpoints()
    run.go_on_with_room_for(
        (kept.stat().st_size + run.undisturbed("weights.safetensors").stat().st_size) // 2
    )
    run.injected += 1
    run.wait(0)
    run.expect_said(f"no checkpoint after step {2 * INTERVAL}, continuing: no room left")
    expect(run.checkpoints() == [kept], f"expected {kept.name} alone, found {run.checkpoints()}")


def no_room_for_outputs(run, _chance, _count):
    """One line and nothing half-made; with room, the same command resumes."""
    run.start_until(LAST_CHECKPOINT + 2)
    run.go_on_with_room_for(run.undisturbed("weights.safetensors").stat().st_size // 2)
    run.injected += 1
    run.wait(1)
    run.expect_said("error: no room left to write ")
    expect(not run.outputs(), f"expected no outputs, found {run.outputs()}")
    run.finish()


def truncate(content, chance):
    return content[: chance.randrange(1, len(content))]


def empty(_content, _chance):
    return b""


def flip_one_bit(content, chance):
    content = bytearray(content)
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def damage_newest_checkpoint(run, chance, _count, damage):
    """It is named and skipped: the training resumes from the one before."""
    run.start_until(chance.randrange(2 * INTERVAL + 1, N_STEPS))
    run.kill()
    newest = run.checkpoints()[0]
    newest.write_bytes(damage(newest.read_bytes(), chance))
    run.injected += 1
    run.finish()
    run.expect_said(f"checkpoint {newest} is not used: it is damaged")


def put_another_runs_checkpoint(run, chance, _count):
    """One of the same model with another seed is named and passed over."""
    other = Training(run.lab, run.kit, seed=1)
    step = chance.randrange(2 * INTERVAL + 1, N_STEPS)
    for training in (other, run):
        training.start_until(step)
        training.kill()
    newest = run.checkpoints()[0]
    newest.write_bytes(other.checkpoints()[0].read_bytes())
    shutil.rmtree(other.folder)
    run.injected += 1
    run.finish()
    run.expect_said(f"checkpoint {newest} is not used: it belongs to another training")


# Where the newest checkpoint is lost, the one before it is an interval older.
TRAINING_FAULTS = (
    Fault("kill -9 of the training at a random moment", kill_at_random, INTERVAL, to_a_run=4),
    Fault("kill -9 inside a checkpoint write", kill_inside_a_checkpoint, INTERVAL, to_a_run=3),
    Fault(
        "kill -9 while the outputs are put in place", kill_while_outputs_take_their_places, INTERVAL
    ),
    Fault("SIGTERM, SIGINT or SIGUSR1 to the training", ask_to_stop, 0, to_a_run=3),
    Fault("two of these in a row", partial(ask_to_stop, numbers=2), 0, to_a_run=3),
    Fault("no space left for checkpoints", no_room_for_checkpoints, 0),
    Fault("no space left for outputs", no_room_for_outputs, INTERVAL),
    Fault(
        "newest checkpoint truncated",
        partial(damage_newest_checkpoint, damage=truncate),
        2 * INTERVAL,
    ),
    Fault(
        "newest checkpoint of zero length",
        partial(damage_newest_checkpoint, damage=empty),
        2 * INTERVAL,
    ),
    Fault(
        "one bit of the newest checkpoint flipped",
        partial(damage_newest_checkpoint, damage=flip_one_bit),
        2 * INTERVAL,
    ),
    Fault("newest checkpoint of another run", put_another_runs_checkpoint, 2 * INTERVAL),
)
