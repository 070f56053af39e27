"""Signals that ask for an end: noted, so that work can be kept first."""

import signal

# Of a user, of a system that stops or preempts, and what a scheduler may be asked to send before.
STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")


class StopRequest:
    """From now on a stop signal does not end the process: `name` says which one came first.

    For good: a signal after the work must not end the process before its record is written.
    """

    def __init__(self):
        self.name = None
        for name in STOP_SIGNALS:
            if number := getattr(signal, name, None):
                signal.signal(number, self._note)

    def _note(self, number, _frame):
        self.name = self.name or signal.Signals(number).name
