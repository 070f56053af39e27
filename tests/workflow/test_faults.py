"""The short form of the campaign of faults, `make faults`."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults.campaign import begin, short_form
from faults.training_faults import TRAINING_FAULTS
from faults.workflows import WORKFLOW_FAULTS

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="prlimit and /proc are Linux's"),
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The future of every fault's Row; all are under way, one run per CPU at a time."""
    executor = ThreadPoolExecutor(os.cpu_count())
    folder = tmp_path_factory.mktemp("faults")
    yield begin(executor, folder, seed=0, times=short_form)
    executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize("fault", [*TRAINING_FAULTS, *WORKFLOW_FAULTS], ids=lambda f: f.name)
def test_after_a_fault_the_same_command_gives_the_same_bytes(rows, fault):
    row = rows[fault].result()
    assert not row.complaints
    assert row.injected == row.survived == row.equal == short_form(fault)
