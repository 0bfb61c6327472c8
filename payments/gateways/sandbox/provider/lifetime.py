import os
import signal
import threading
import time
from types import FrameType

LOOK_S = 0.25


def end_on_signals() -> None:
    """SIGTERM and SIGINT end the process at once, from whatever the main thread is doing."""

    def end(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def end_with_parent() -> None:
    """End when the process that started this one is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
