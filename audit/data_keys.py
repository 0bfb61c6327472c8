"""The data keys of people, read and opened. One that was destroyed is never in an answer."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from audit.encryption import DataKey, open_data_key
from audit.models import SubjectKey


def select_data_keys(owners: Sequence[uuid.UUID] | QuerySet[Any, Any]) -> QuerySet[SubjectKey]:
    """The keys of these people, or of whom a SELECT names. One SELECT."""
    standing = SubjectKey.objects.filter(destroyed_at__isnull=True).exclude(wrapped="")
    return standing.filter(pk__in=owners).order_by("pk")


def open_data_keys(rows: Iterable[SubjectKey]) -> dict[uuid.UUID, DataKey]:
    """Each opened, by whose it is. No queries."""
    return {row.pk: open_data_key(row.wrapped) for row in rows}


def find_data_keys(owners: Sequence[uuid.UUID]) -> dict[uuid.UUID, DataKey]:
    """The keys of these people, opened. One SELECT; none for nobody."""
    return open_data_keys(select_data_keys(owners))
