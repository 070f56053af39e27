"""Work in a process of its own, which begins with nothing of this one's memory."""

import signal
from multiprocessing import get_context

from engine.garbage import look_as_usual


def parts_from_a_fresh_process(function, *arguments):
    """(list of what `function(sender, *arguments)` sends with `sender.send`, how it ended).

    function: of a module, called in a new process. How it ended: one short line. No exception of
    the process is raised here; what it sent before its end is kept.
    """
    # "spawn": a forked child would begin with this process's memory, and with its CUDA context.
    # A pipe and no pool: the locks of a pool need /dev/shm, which some containers may not write to.
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(function, sender, *arguments))
    process.start()
    sender.close()
    parts = []
    try:
        while True:
            parts.append(receiver.recv())
    except (EOFError, OSError):  # the process has ended
        process.join()
    return parts, _ending(process.exitcode)


def _send(function, sender, *arguments):
    look_as_usual()
    function(sender, *arguments)


def _ending(status):
    if status == -signal.SIGKILL:
        return "its process was killed, probably for lack of memory"
    return f"its process ended with status {status}"
