import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import CallError

LONGEST_S = 120.0


class Kind(StrEnum):
    NO_CONNECTION = "no_connection"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    TOO_MANY = "429"
    REFUSED = "refused"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after"
    TRUNCATED_JSON = "truncated_json"
    HANG = "hang"
    WRONG_AMOUNT = "wrong_amount"
    REPEATED_ID = "repeated_id"
    UNKNOWN_STATUS = "unknown_status"


DEFAULT_SECONDS = {Kind.TOO_MANY: 1.0}
BEFORE = frozenset(
    {Kind.NO_CONNECTION, Kind.TIMEOUT_BEFORE, Kind.TOO_MANY, Kind.REFUSED, Kind.ERROR_BEFORE}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong; `seconds` is how long a silence lasts, or the Retry-After."""

    kind: Kind
    seconds: float


def make_fault(kind: str, seconds: float | None = None) -> Fault:
    try:
        known = Kind(kind)
    except ValueError as error:
        raise CallError(
            422, "fault_unknown", f"The fault is one of {[kind.value for kind in Kind]}."
        ) from error
    return Fault(known, DEFAULT_SECONDS.get(known, 30.0) if seconds is None else seconds)


HEADER = re.compile(
    r"(?P<kind>[0-9a-z_]{1,40})(?:\s*;\s*seconds=(?P<seconds>\d{1,4}(\.\d{1,3})?))?"
)


def read_header(text: str) -> Fault:
    """`hang` or `hang; seconds=5`."""
    match = HEADER.fullmatch(text.strip())
    if match is None:
        raise CallError(422, "fault_unknown", "The header reads <fault> or <fault>; seconds=<n>.")
    seconds = float(match["seconds"]) if match["seconds"] else None
    if seconds is not None and seconds > LONGEST_S:
        raise CallError(422, "seconds_invalid", f"At most {LONGEST_S:g} seconds.")
    return make_fault(match["kind"], seconds)


@dataclass
class Armed:
    operation: str
    fault: Fault
    times: int

    def view(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "fault": self.fault.kind.value,
            "times": self.times,
            "seconds": self.fault.seconds,
        }


class Faults:
    """The faults waiting for the next calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Armed] = []

    def arm(self, operation: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._armed.append(Armed(operation, fault, times))

    def disarm(self) -> None:
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [armed.view() for armed in self._armed]

    def take(self, operation: str, header: str | None) -> Fault | None:
        """The fault of this call: the one its header asks for, else the first that is armed."""
        if header is not None:
            return read_header(header)
        if not self._armed:
            return None
        with self._lock:
            for armed in self._armed:
                if armed.operation in (operation, "any"):
                    armed.times -= 1
                    if not armed.times:
                        self._armed.remove(armed)
                    return armed.fault
        return None


NEW_STATUS = "levitating"


def falsify_amounts(body: bytes) -> bytes:
    """The same answer with one minor unit too much in each of its amounts."""
    return _changed(body, _with_more)


def replace_status(body: bytes) -> bytes:
    """The same answer with a status that nobody has seen."""
    return _changed(body, lambda name, value: NEW_STATUS if name == "status" else value)


def replace_id(body: bytes, identifier: str) -> bytes:
    return json.dumps({**json.loads(body), "id": identifier}).encode()


def _with_more(name: str, value: Any) -> Any:
    is_amount = name in ("amount", "approved_amount") and isinstance(value, int)
    return value + 1 if is_amount and value else value


def _changed(body: bytes, change: Callable[[str, Any], Any]) -> bytes:
    """What is asked for by its key stands one level down, as `current`."""
    content = {name: change(name, value) for name, value in json.loads(body).items()}
    if isinstance(content.get("current"), dict):
        content["current"] = {n: change(n, v) for n, v in content["current"].items()}
    return json.dumps(content).encode()
