"""What a decision does, by kind. The app that owns the subject registers it in `ready()`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from audit.actor import Actor
from audit.approvals.models import Approval


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
    reasons: Callable[[Collection[str]], QuerySet[Any]] = lambda _codes: Approval.objects.none()
    """`reasons(codes)`: the rows behind reasons that were chosen, each with its code as the key and
    its `words` in the reader's language."""


kinds: dict[str, Approvable] = {}


def approvable(kind: str) -> Approvable:
    """What was registered for a kind; raises KeyError for one that nobody handles."""
    return kinds[kind]


def select_reasons(approvals: Iterable[Approval]) -> list[QuerySet[Any]]:
    """The SELECTs behind the reasons that were chosen, which `reasons_of` reads: one for a kind."""
    return [approvable(kind).reasons(codes) for kind, codes in _chosen(approvals).items()]


def reasons_of(
    approvals: Iterable[Approval], read: Iterable[Iterable[Any]]
) -> dict[uuid.UUID, str]:
    """Why each was asked for, in the reader's language where a reason was chosen and not written.

    `read` is what the SELECTs of `select_reasons` found. No queries.
    """
    rows = list(approvals)
    words = {
        (kind, one.pk): one.words
        for kind, found in zip(_chosen(rows), read, strict=True)
        for one in found
    }
    return {row.pk: words.get((row.kind, row.reason_code), row.reason) for row in rows}


def _chosen(approvals: Iterable[Approval]) -> dict[str, set[str]]:
    chosen: dict[str, set[str]] = {}
    for row in approvals:
        if row.reason_code:
            chosen.setdefault(row.kind, set()).add(row.reason_code)
    return chosen
