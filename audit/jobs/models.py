"""Work that takes longer than a page may."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import KeyedModel


class Job(KeyedModel):
    """What somebody asked for, how far it is, and what came of it. It is its own record.

    `given` is what was asked for and `state` where it stands: ids and choices, no personal data.
    A message of the outbox carries it on, one slice at a time; `step` counts the slices, so that
    one that runs twice counts once.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField()
    request_id = models.CharField(max_length=64)
    given = models.JSONField(encoder=DjangoJSONEncoder)
    state = models.JSONField(encoder=DjangoJSONEncoder, default=dict)
    step = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    is_live = models.BooleanField(null=True)
    """Whether it is about live data or about tests; None for work that knows no such thing."""
    is_stopping = models.BooleanField(default=False)
    error = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=120, blank=True)
    file_title = models.CharField(max_length=120, blank=True)
    file_type = models.CharField(max_length=80, blank=True)
    file_size = models.BigIntegerField(default=0)
    file_digest = models.CharField(max_length=64, blank=True)
    file_until = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        permissions = [("stop_job", "Can stop another person's job")]
        indexes = [
            models.Index(fields=["asked_by", "asked_at", "id"], name="jobs_person_time"),
            models.Index(fields=["status", "asked_at", "id"], name="jobs_status_time"),
            models.Index(fields=["file_until"], name="jobs_file_until"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk.hex[:8]}"

    @property
    def is_over(self) -> bool:
        return self.status not in (self.Status.WAITING, self.Status.RUNNING)

    @property
    def percent(self) -> int | None:
        """How far it is, None where nobody knows how much there is."""
        if self.status == self.Status.DONE:
            return 100
        return min(self.done * 100 // self.total, 100) if self.total else None
