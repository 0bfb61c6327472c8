"""Who has seen a person's data: a row for each person that an answer showed, beside its entry.

The entry tells of the request and is what is sealed; its ids are JSON, which no index serves. These
rows are the index: one for each person and request, written after the entry and before the answer
leaves. What an entry counts as `subjects` is their number.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import models

from audit import statements
from audit.models import LogEntry, Look

whose: dict[type[models.Model], Callable[[Any], uuid.UUID | None]] = {}
"""Model → whose data a row of it is. The apps fill it in `ready()`; it asks no database."""


def subjects_of(rows: Iterable[models.Model]) -> list[uuid.UUID]:
    """The persons whose data these rows are, each once."""
    found: dict[uuid.UUID, None] = {}
    for row in rows:
        tell = whose.get(type(row))
        subject = tell(row) if tell else None
        if subject is not None:
            found[subject] = None
    return list(found)


def write(entry: LogEntry, subjects: Sequence[uuid.UUID]) -> None:
    """A row for each person that the request of this entry showed: one INSERT, none for nobody.

    Raises RecordUnavailable: without its rows a look does not happen.
    """
    rows = [Look(subject_id=subject, entry_id=entry.pk) for subject in subjects]
    if rows:
        statements.send(list(statements.insertions(rows, is_record=True)))


def list_looks(subject_ids: Sequence[uuid.UUID]) -> models.QuerySet[Look]:
    """Every look at a person, with its entry and who looked; the caller orders and pages.

    `audit_look_subject` finds it.
    """
    return Look.objects.filter(subject_id__in=subject_ids).select_related(
        "entry", "entry__actor", "entry__content_type"
    )
