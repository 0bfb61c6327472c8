"""The record itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.db import DatabaseError, models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit import outcomes
from audit.errors import RecordUnavailable
from audit.owned import GuardedQuerySet, OwnedModel


class Outcome(models.TextChoices):
    DONE = "done", _("done")
    DENIED = "denied", _("denied")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("unknown")


class ActorKinds(models.TextChoices):
    USER = "user", _("person")
    API_KEY = "api_key", _("API key")
    SYSTEM = "system", _("system task")
    VISITOR = "visitor", _("visitor")
    OPERATOR = "operator", _("operator")
    INSTALLER = "installer", _("installer")


@contextmanager
def reading_the_log() -> Iterator[None]:
    """What goes wrong in here goes wrong with the log: RecordUnavailable, unless it is a conflict
    or a lost connection."""
    try:
        yield
    except DatabaseError as error:
        if outcomes.of(error) is not outcomes.Ending.BROKEN:
            raise
        raise RecordUnavailable("the log could not be read") from error


class EntryQuerySet(GuardedQuerySet["LogEntry"]):
    """Entries are added by whoever has something to record, and read; nothing else."""

    def _refuse(self, verb: str) -> None:
        if verb not in ("create", "bulk_create"):
            super()._refuse(verb)

    def _fetch_all(self) -> None:
        with reading_the_log():
            super()._fetch_all()


class EntryManager(LogEntryManager.from_queryset(EntryQuerySet)):  # type: ignore[misc]
    """django-auditlog's manager over that."""


class LogEntry(AbstractLogEntry):  # type: ignore[misc]
    """One changed object, one look at data, one attempt: who, what, when, from where, how it ended.

    `effective_at` is the actor's clock, `timestamp` the database's. `event` is the business event
    (`payments.refund.requested`). No personal data in clear: see `audit.masks`.
    """

    class Action(AbstractLogEntry.Action):  # type: ignore[misc]
        EVENT = 4
        choices = (*AbstractLogEntry.Action.choices, (EVENT, _("event")))

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.CharField(max_length=80)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.DONE)
    command_id = models.UUIDField(null=True)
    content_type = models.ForeignKey(
        "contenttypes.ContentType",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    object_pk = models.CharField(max_length=64, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    object_repr = models.CharField(max_length=200, blank=True)
    action = models.PositiveSmallIntegerField(choices=Action.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    actor_kind = models.CharField(max_length=10, choices=ActorKinds)
    actor_label = models.CharField(max_length=120)
    actor_roles = models.JSONField(default=list)
    purpose = models.CharField(max_length=200, blank=True)
    cid = models.CharField(max_length=64, blank=True)
    effective_at = models.DateTimeField()
    timestamp = models.DateTimeField(db_default=Now())
    remote_port = None
    actor_email = None

    objects = EntryManager()

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        get_latest_by = "timestamp"
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["timestamp", "id"], name="audit_log_time"),
            models.Index(
                fields=["content_type", "object_pk", "timestamp"], name="audit_log_object"
            ),
            models.Index(fields=["actor", "timestamp"], name="audit_log_actor"),
            models.Index(fields=["event", "timestamp"], name="audit_log_event"),
            models.Index(fields=["cid"], name="audit_log_request"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.object_repr}".strip()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise PermissionError("the log is never deleted from")


class Look(models.Model):
    """That a request showed data of a person: the index of the log by whom it was about.

    `subject_id` is the person's own id, which means nothing without his row. Written by
    `audit.looks` beside the access entry, never changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_id = models.UUIDField()
    entry = models.ForeignKey(LogEntry, on_delete=models.PROTECT, related_name="looks")
    seen_at = models.DateTimeField(db_default=Now())

    objects = models.Manager.from_queryset(EntryQuerySet)()

    class Meta:
        verbose_name = _("look")
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["subject_id", "seen_at", "id"], name="audit_look_subject"),
        ]

    def __str__(self) -> str:
        return f"look {self.pk}"


class SubjectKey(OwnedModel):
    """The data key of one person's personal fields, wrapped by the keyring.

    Destroying it erases the person: what was encrypted under it can never be read again.
    """

    append_only: ClassVar[bool] = False

    wrapped = models.TextField()
    destroyed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"subject {self.pk}"


class SealKey(OwnedModel):
    """The public key of a key that signed seals and may have left the keyring since.

    `endorsed_by` was in the keyring and signed it: who holds that one trusts this one.
    """

    append_only: ClassVar[bool] = True

    key_id = models.CharField(max_length=32)
    public_key = models.TextField()
    endorsed_by = models.CharField(max_length=32)
    signature = models.CharField(max_length=128)
    made_at = models.DateTimeField()

    class Meta(OwnedModel.Meta):
        verbose_name = _("public key of seals")
        verbose_name_plural = _("public keys of seals")
        constraints = [
            models.UniqueConstraint(
                fields=["key_id", "endorsed_by"], name="audit_seal_key_endorsed_once"
            )
        ]

    def __str__(self) -> str:
        return self.key_id


class Seal(OwnedModel):
    """A batch of entries that were not touched since: `audit.seals.Sealed` as a row.

    Its number is taken once, so of two sealers at the same end of the chain one wins.
    """

    append_only: ClassVar[bool] = True

    number = models.PositiveBigIntegerField()
    version = models.PositiveSmallIntegerField()
    previous = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    covers_until = models.DateTimeField()
    sealed_at = models.DateTimeField()
    key_id = models.CharField(max_length=32)
    leaves = models.BinaryField()
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta(OwnedModel.Meta):
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        get_latest_by = "number"
        constraints = [models.UniqueConstraint(fields=["number"], name="audit_seal_once")]

    def __str__(self) -> str:
        return f"seal {self.number}"
