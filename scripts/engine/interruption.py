"""Signals that ask for an end: noted, so that work can be kept first."""

import signal

# Of a user, of a terminal that is closed, of a system that stops or preempts, and what a scheduler
# may be asked to send before.
STOP_SIGNALS = ("SIGINT", "SIGHUP", "SIGTERM", "SIGUSR1")


class StopRequest:
    """From now on a stop signal does not end the process: `name` says which one came first."""

    def __init__(self):
        self.name = None
        self._handle(self._note)

    def ignore(self):
        """Let further ones pass: Python gives its handlers up before the process ends."""
        self._handle(signal.SIG_IGN)

    def _note(self, number, _frame):
        self.name = signal.Signals(number).name
        self.ignore()

    def _handle(self, handler):
        for name in STOP_SIGNALS:
            number = getattr(signal, name, None)
            # Below nohup the end of the terminal is none of the work.
            is_kept = name == "SIGHUP" and number and signal.getsignal(number) is signal.SIG_IGN
            if number and not is_kept:
                signal.signal(number, handler)
