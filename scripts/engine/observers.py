"""What hangs on a training: it sees what happens, and changes no number."""

from contextlib import nullcontext

from engine.errors import Interrupted
from engine.progress import Progress


class Observer:
    """Sees a training; each method does nothing where a kind of observer has none of its own.

    Steps are counted from 1. A loss is read from the device some time after its step was taken.
    """

    def begin(self, step, n_steps):
        """`step` steps of at most `n_steps` are taken already."""

    def ending(self):
        """A context manager around the steps that are left, which sees how they end."""
        return nullcontext()

    def note_step(self, step, loss, learning_rate):
        """The loss of a step."""

    def note_epoch(self, step, epoch):
        """epoch: what is known of the epoch that ended with `step`, a dict."""

    def note_end(self, step):
        """No step comes after `step`, which may be fewer than `n_steps`."""

    def is_due(self, step):
        """Whether the training should stop its clock after `step`, for `keep`."""
        return False

    def keep(self, step, n_steps, state):
        """state(): all that is needed to resume after `step`."""


class Bar(Observer):
    """The steps on standard error, with the last loss."""

    def begin(self, step, n_steps):
        self.progress = Progress("train", n_steps, "step", done=step)

    def ending(self):
        return self.progress

    def note_step(self, step, loss, learning_rate):
        self.progress.advance(1, f"loss {loss:.3f}")

    def note_end(self, step):
        self.progress.end_at(step)


class Keeper(Observer):
    """Saves checkpoints when they are due, and ends the training when a signal asks for it.

    checkpoints: Checkpoints, or None; stop: StopRequest, or None. `keep` raises Interrupted after a
    stop signal.
    """

    def __init__(self, checkpoints=None, stop=None):
        self.checkpoints, self.stop = checkpoints, stop

    def is_due(self, step):
        return self._is_stopped() or (
            self.checkpoints is not None and self.checkpoints.is_due(step)
        )

    def keep(self, step, n_steps, state):
        is_kept = self.checkpoints is not None and self.checkpoints.save(step, state())
        if self._is_stopped():
            then = "the same command resumes from there" if is_kept else "no checkpoint was kept"
            raise Interrupted(f"{self.stop.name} after step {step} of {n_steps}; {then}")

    def _is_stopped(self):
        return self.stop is not None and self.stop.name is not None
