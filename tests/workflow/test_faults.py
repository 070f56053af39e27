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


def test_after_every_fault_the_same_command_gives_the_same_bytes(tmp_path):
    # One test: all faults are under way at once, one run per CPU at a time, and share their kits.
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        rows = begin(executor, tmp_path, seed=0, times=short_form)
        results = {fault: row.result() for fault, row in rows.items()}
    assert {*results} == {*TRAINING_FAULTS, *WORKFLOW_FAULTS}
    for fault, row in results.items():
        assert not row.complaints, fault.name
        assert row.injected == row.survived == row.equal == short_form(fault), fault.name
