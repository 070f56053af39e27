import pytest
from on_cluster import Workflow
from one_node import OneNode


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """The one-node Slurm, not started."""
    one_node = OneNode(tmp_path_factory.mktemp("slurm"))
    yield one_node
    one_node.stop()


@pytest.fixture(scope="module")
def run_workflow():
    """run_workflow(project, *arguments) -> Workflow, started; none outlives its module."""
    started = []

    def run(*arguments):
        started.append(Workflow(*arguments))
        return started[-1]

    yield run
    for workflow in started:
        workflow.interrupt()
