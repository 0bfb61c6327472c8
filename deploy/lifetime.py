"""Processes that end with the one that started them, even when that one is killed outright."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with(parent: int, signum: int = signal.SIGTERM) -> None:
    """Have `signum` sent to this process when its parent is gone, however it went.

    The kernel's promise, kept over an exec; only Linux makes it, elsewhere this does nothing.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        # It went before it could be promised.
        os.kill(os.getpid(), signum)
