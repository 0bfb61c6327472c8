"""The file outside the database that remembers each seal: only it shows that the last are gone.

Ship it elsewhere as it grows (a bucket with object lock, another host): each line is signed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from audit.seals import Anchor, Sealed

TAIL = 4096


def keep(sealed: Sealed) -> None:
    """Append a seal's line and wait until the disk has it. OSError when it can not be kept."""
    path = find_path()
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab") as file:
        # A line that a crash cut off stays what it is and spoils no other.
        torn = file.tell() > 0 and not _tail(path).endswith(b"\n")
        file.write((b"\n" if torn else b"") + Anchor.of(sealed).line().encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_folder(path.parent)


def keep_missing(newest: Sealed) -> None:
    """Keep the newest seal's line if whoever sealed it died before he could."""
    path = find_path()
    if path is None:
        return
    try:
        last = Anchor.read(_tail(path).rstrip(b"\n").rpartition(b"\n")[2].decode("ascii"))
    except (FileNotFoundError, ValueError):
        keep(newest)
        return
    if last.number < newest.number:
        keep(newest)


def read() -> Iterator[tuple[int, Anchor | None]]:
    """(line, anchor) of the whole file from line 1; None for a line that is no anchor."""
    path = find_path()
    if path is None or not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield number, Anchor.read(line.decode("ascii"))
            except ValueError:
                yield number, None


def find_path() -> Path | None:
    """The file of `COMPTOIR_SEAL_ANCHOR`, None when it is set to nothing."""
    return Path(settings.COMPTOIR_SEAL_ANCHOR) if settings.COMPTOIR_SEAL_ANCHOR else None


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        return file.read()


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
