import os

import pytest

from engine import gpus, leases


@pytest.fixture
def environment(monkeypatch):
    """os.environ without leases, schedulers and a choice of devices; what is leased is let go."""
    set_elsewhere = {
        *(leases.LEASED, leases.FOLDER_VARIABLE, gpus.VISIBLE, "CUDA_DEVICE_ORDER"),
        *leases.SCHEDULER_VARIABLES,
    }
    values = {name: value for name, value in os.environ.items() if name not in set_elsewhere}
    monkeypatch.setattr(os, "environ", values)
    yield values
    leases._forget()


@pytest.fixture
def machine(environment, monkeypatch, tmp_path):
    """A simulated machine, without GPUs until it is said which it has."""
    # Here, because it imports torch, which most tests need not.
    from simulated_gpus import Machine

    return Machine(tmp_path, monkeypatch)
