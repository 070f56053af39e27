"""What can be seen of a training while it runs: event files for TensorBoard, and its progress."""

import shutil
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import Interrupted, UserError
from engine.files import new_files, to_json
from engine.observers import Observer

PROGRESS = "progress.json"
SECONDS_BETWEEN_WRITES = 2
# TensorBoard shows at most so many points of a curve.
MOST_POINTS = 1000


def note_wait(folder, reason):
    """Say that a training waits before it begins, and for what; None: it waits no more.

    folder: as for Live, which says from then on how it is going.
    """
    if folder is None:
        return
    path = Path(folder) / PROGRESS
    try:
        if reason is None:
            path.unlink(missing_ok=True)
            return
        with new_files(path) as (new_path,):
            new_path.write_text(to_json({"state": "waiting", "reason": reason}), encoding="utf-8")
    except (OSError, UserError) as error:
        print(f"no live view of the wait, which continues: {error}", file=sys.stderr)


class Live(Observer):
    """The live view of one training, in a folder of its own; without a folder, none.

    folder: Path of the event files and of progress.json, or None; batch_size: images per step.
    Nothing depends on these files: where they cannot be written, that is said on standard error
    and the training continues without them.
    """

    def __init__(self, folder, batch_size):
        self.folder, self.batch_size, self.writer = folder, batch_size, None

    def begin(self, step, n_steps):
        """`step` steps of at most `n_steps` are taken; event files of a new training's past go."""
        self.first_step = self.step = step
        self.n_steps, self.stride = n_steps, -(-n_steps // MOST_POINTS)
        self.started = time.monotonic()
        self.written, self.loss = None, None
        if self.folder is None:
            return
        with self._or_none():
            from torch.utils.tensorboard import SummaryWriter

            if step == 0:
                shutil.rmtree(self.folder, ignore_errors=True)
            # Steps that are taken again after an interruption are shown once.
            self.writer = SummaryWriter(
                self.folder, purge_step=step + 1, flush_secs=SECONDS_BETWEEN_WRITES
            )
        self._write_progress("running")

    def note_step(self, step, loss, learning_rate):
        """The loss of a step, counted from 1."""
        self.step, self.loss = step, loss
        if self.writer is None:
            return
        if step % self.stride == 0 or step == self.n_steps:
            self._scalars(step, {"train/loss": loss, "train/learning_rate": learning_rate})
        if time.monotonic() - self.written >= SECONDS_BETWEEN_WRITES:
            self._write_progress("running")

    def note_epoch(self, step, epoch):
        """epoch: what is known of the epoch that ended with `step`, a dict."""
        values = {"train/mean_loss": epoch["mean_loss"]}
        if epoch["validation_loss"] is not None:
            values["validation/loss"] = epoch["validation_loss"]
            values["validation/accuracy_percent"] = epoch["validation_accuracy_percent"]
        self._scalars(step, values)

    def note_end(self, step):
        """No step comes after `step`."""
        self.n_steps = step

    @contextmanager
    def ending(self):
        """Say how the block ended: done, interrupted or failed."""
        state, reason = "failed", None
        try:
            yield
            state = "done"
        except Interrupted as interruption:
            state, reason = "interrupted", str(interruption)
            raise
        except UserError as error:
            reason = str(error)
            raise
        except BaseException as error:
            reason = repr(error)
            raise
        finally:
            if self.writer is not None:
                self._write_progress(state, reason)
                with self._or_none():
                    self.writer.close()

    def _scalars(self, step, values):
        if self.writer is not None:
            with self._or_none():
                for name, value in values.items():
                    self.writer.add_scalar(name, value, step)

    def _write_progress(self, state, reason=None):
        if self.writer is None:
            return
        self.written = time.monotonic()
        seconds = self.written - self.started
        steps_per_second = (self.step - self.first_step) / seconds if seconds else 0.0
        progress = {
            "state": state,
            "reason": reason,
            "step": self.step,
            "n_steps": self.n_steps,
            "loss": None if self.loss is None else f"{self.loss:.4f}",
            "images_per_second": steps_per_second * self.batch_size,
            "seconds_left": (self.n_steps - self.step) / steps_per_second
            if steps_per_second
            else None,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._or_none(), new_files(Path(self.folder) / PROGRESS) as (path,):
            path.write_text(to_json(progress), encoding="utf-8")

    @contextmanager
    def _or_none(self):
        try:
            yield
        except (ImportError, OSError, UserError) as error:
            print(f"no live view from here on, the training continues: {error}", file=sys.stderr)
            self.writer = None
