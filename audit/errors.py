"""What can go wrong in the kernel, and what each means to the person who waits."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What sort of no it is. The edge turns it into a form error, a page or a problem."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"


class Refusal(Exception):
    """A no with a reason a person can read. Nothing was changed.

    `code` is stable and for machines, `message` is translated and for people, `about` is the
    object it concerns (the record of the denial points at it), `details` holds no personal data.
    """

    def __init__(
        self,
        code: str,
        message: Any,
        kind: Kind = Kind.INVALID,
        *,
        about: Any = None,
        **details: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.kind = kind
        self.about = about
        self.details = details


class Busy(Exception):
    """Too many others at the same rows: nothing was changed, trying again is safe."""


class Unreachable(Busy):
    """The database does not answer: nothing was changed, trying again is safe."""


class OutcomeUnknown(Exception):
    """The connection was lost at a moment when the change may or may not have been made."""


class RecordUnavailable(Exception):
    """The record could not be written, so nothing was done or shown."""


class NoActor(Exception):
    """Somebody tried to write without saying who he is."""


class WriteBlocked(Exception):
    """A write to a guarded table that did not come through a `Work` or an announced signal."""


class KernelError(Exception):
    """A mistake in our own code: the kernel was used against its rules."""
