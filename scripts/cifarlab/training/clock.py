"""Time in training: of the steps alone, without validation and without saving."""

import time

from cifarlab.devices import wait_for


class Clock:
    """Seconds that this process spent in steps, and those of the epoch under way.

    It stands still until it is started. What is queued on the device is waited for when it stops.
    """

    def __init__(self, device):
        self.device, self.started = device, None
        self.seconds = self.epoch_seconds = 0.0

    def start(self):
        self.started = time.perf_counter()

    def stop(self):
        if self.started is not None:
            wait_for(self.device)
            elapsed = time.perf_counter() - self.started
            self.seconds += elapsed
            self.epoch_seconds += elapsed
            self.started = None
