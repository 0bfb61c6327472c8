"""What a caller is told of a thing, by its kind: the apps say how.

An answer is made of what is true now, so that it can be given, and kept, by whoever comes last:
the request itself, a repeat of it, or the task that completes what a dead process left.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

Presented: TypeAlias = tuple[int, dict[str, Any]]
"""A status of HTTP and the body."""

presenters: dict[str, Callable[[uuid.UUID], Presented]] = {}


def present(kind: str, subject_id: uuid.UUID) -> Presented:
    """What is told of the thing now. The presenter's own queries."""
    return presenters[kind](subject_id)
