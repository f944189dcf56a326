"""What is the same for all processes that a server begins beside the one that listens."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

from tokenbase.ops import interpreter, logs

NICENESS = 5
"""How far these processes stand back where processors are few: who sends 3,000 contacts waits for the database
anyway, who sends one waits for nothing else."""


def settle() -> None:
    """Make this process one that works until the one that listens tells it to end, or is no more."""
    # Whoever stops a server tells all of its processes; the one that listens ends these when they are done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    logs.configure()
    interpreter.tune()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the process that listens was killed: nobody waits for the answer, what is not committed is undone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
