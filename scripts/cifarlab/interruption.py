"""Signals that ask for an end: noted, so that work can be kept first."""

import signal

# Of a user, of a system that stops or preempts, and a warning that a scheduler may be asked to send.
STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")


class StopRequest:
    """From now on a stop signal does not end the process: `name` says which one came first.

    For good, so that a signal after the work is done does not end the process before it has said so.
    """

    def __init__(self):
        self.name = None
        for name in STOP_SIGNALS:
            if number := getattr(signal, name, None):
                signal.signal(number, self._note)

    def _note(self, number, _frame):
        self.name = self.name or signal.Signals(number).name
