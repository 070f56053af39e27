"""Progress of long work: a bar on a terminal, plain lines with the time left in a log."""

import sys
import time

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class Progress:
    """Counts towards `total`, on standard error.

    total: units of work, or None where it is unknown; unit: their name ("step", "B"); done: units
    finished before the start. Use as a context manager; `due()` says when `note` is worth making.
    """

    def __init__(self, title, total, unit, done=0):
        self.title, self.total, self.unit, self.done = title, total, unit, done
        self.done_before = done
        self.started = self.last_line = time.monotonic()
        self.bar = None
        if sys.stderr.isatty():
            self.bar = tqdm(
                desc=title, total=total, unit=unit, initial=done, unit_scale=unit == "B"
            )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        elif error[0] is None:
            self._print_line()

    def due(self):
        """Whether a note would be shown now; ask before computing a costly one."""
        return time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES

    def advance(self, units, note=""):
        """Count `units` more; `note` is shown beside the count when a line is due."""
        self.done += units
        if self.bar is not None:
            self.bar.update(units)
        if self.due():
            if self.bar is None:
                self._print_line(note)
            elif note:
                self.bar.set_postfix_str(note)
            self.last_line = time.monotonic()

    def end_at(self, total):
        """Take `total` for all there is: the work ended before what was expected."""
        self.total = total
        if self.bar is not None:
            self.bar.total = total
            self.bar.refresh()

    def _print_line(self, note=""):
        seconds = time.monotonic() - self.started
        rate = (self.done - self.done_before) / seconds if seconds else 0.0
        parts = [f"{self.title}: {self.done:,} {self.unit}"]
        if self.total:
            parts[0] = (
                f"{self.title}: {self.done:,} of {self.total:,} {self.unit}"
                f" ({100 * self.done / self.total:.0f} %)"
            )
        parts.append(f"{rate:,.1f} {self.unit}/s")
        if self.total and rate and self.done < self.total:
            parts.append(f"{tqdm.format_interval((self.total - self.done) / rate)} left")
        if note:
            parts.append(note)
        print(", ".join(parts), file=sys.stderr, flush=True)
