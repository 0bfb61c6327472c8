"""What is still to be done after something was committed."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel


class Message(OwnedModel):
    """A task to be run, at least once, with ids for arguments. It is its own record.

    A worker *leases* it: until `leased_until` it is his, by `lease`; when he dies it is free again
    and whoever takes it next has another `lease`, so that the first cannot settle it any more.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        LEASED = "leased", _("running")
        DONE = "done", _("done")
        DEAD = "dead", _("dead")

    task = models.CharField(max_length=80)
    kwargs = models.JSONField(encoder=DjangoJSONEncoder)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    command_id = models.UUIDField()
    request_id = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("message of the outbox")
        verbose_name_plural = _("messages of the outbox")
        permissions = [("retry_message", "Can have a dead message run again")]
        indexes = [
            models.Index(fields=["status", "next_at", "id"], name="outbox_due"),
            models.Index(fields=["request_id"], name="outbox_request"),
        ]

    def __str__(self) -> str:
        return self.task
