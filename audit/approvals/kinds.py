"""What a decision does, by kind. The app that owns the subject registers it in `ready()`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.actor import Actor


@dataclass(frozen=True, slots=True)
class Approvable:
    """The commands behind the buttons of the inbox, and what the page tells beside them."""

    approve: Callable[..., Any]
    """`approve(subject_id=…, note=…, key=…)`"""
    reject: Callable[..., Any]
    """`reject(subject_id=…, note=…)`"""
    withdraw: Callable[..., Any]
    """`withdraw(subject_id=…, note=…)`"""
    expire: Callable[..., Any]
    """`expire(subject_id=…)`"""
    url: Callable[[uuid.UUID], str]
    """The page of the subject."""
    context: Callable[[Any, Actor], Any] = lambda _approval, _actor: None
    """`context(approval, actor)`: what the page tells beside the request, drawn by the templates
    `approvals/context/<kind>.html` and, if there is one, `<kind>_habits.html`; None for who may
    not see it."""


kinds: dict[str, Approvable] = {}


def approvable(kind: str) -> Approvable:
    """What was registered for a kind; raises KeyError for one that nobody handles."""
    return kinds[kind]
