"""The base of every model of ours: a UUID made in Python, and a manager that only reads."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.db import models
from django.db.models.base import ModelState

from audit import guard
from audit.errors import WriteBlocked

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class GuardedQuerySet(models.QuerySet[M_co]):
    """Reads as any queryset does; writes only while a flush is under way."""

    def _refuse(self, verb: str) -> None:
        if not (guard.is_flushing() or guard.is_suspended()):
            name = f"{verb} {self.model._meta.label}"
            guard.blocked.append(name)
            raise WriteBlocked(f"{name}: use a command; only Work writes")

    def update(self, **kwargs: Any) -> int:
        self._refuse("update")
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse("delete")
        return super().delete()

    def _raw_delete(self, using: str | None) -> Any:
        self._refuse("delete")
        return super()._raw_delete(using)

    def create(self, **kwargs: Any) -> Any:
        self._refuse("create")
        return super().create(**kwargs)

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse("bulk_create")
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        self._refuse("bulk_update")
        return super().bulk_update(*args, **kwargs)

    def get_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise WriteBlocked("get_or_create: use a command")

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise WriteBlocked("update_or_create: use a command")


class GuardedManager(models.Manager.from_queryset(GuardedQuerySet)):  # type: ignore[misc]
    """What `objects` is on every owned model."""


class OwnedModel(models.Model):
    """A table that only `Work` writes.

    `append_only`: rows are never changed or removed, and are their own record (no log entry).
    """

    append_only: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    objects: ClassVar[models.Manager[Self]] = GuardedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    @classmethod
    def from_db(  # type: ignore[override]  # the stubs know a later Django
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        """What Django makes of a row, made at once: its own way sets each field by itself. No
        `pre_init` and `post_init` are sent."""
        if len(values) != len(cls._meta.concrete_fields):
            return super().from_db(db, field_names, values)
        new = cls.__new__(cls)
        new._state = ModelState()
        new._state.adding, new._state.db = False, db
        new.__dict__.update(zip(field_names, values, strict=True))
        return new


class KeyedModel(OwnedModel):
    """A row that a keyed command makes once. `fingerprint` tells a repeat from a reuse."""

    key = models.CharField(max_length=120, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)

    class Meta(OwnedModel.Meta):
        abstract = True
        constraints = [models.UniqueConstraint(fields=["key"], name="%(app_label)s_%(class)s_once")]
