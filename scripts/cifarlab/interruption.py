"""Signals that ask for an end: noted, so that work can be kept first."""

import signal

# Of a user, of a system that stops or preempts, and the warning that a scheduler is asked to send.
STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")


class StopRequest:
    """While its block runs, a stop signal does not end the process: `name` says which one came.

    A second one changes nothing. Afterwards signals do what they did before.
    """

    def __init__(self):
        self.name = None
        self._before = {}

    def __enter__(self):
        for name in STOP_SIGNALS:
            if number := getattr(signal, name, None):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, _frame):
        self.name = self.name or signal.Signals(number).name
