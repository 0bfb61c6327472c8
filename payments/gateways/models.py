"""What providers tell us by themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel


class InboundEvent(OwnedModel):
    """A provider's message, proved to be his and kept as it came (card numbers blotted out).

    It says that something changed, late, twice or out of order as it likes; what is true now is
    asked of the provider. `body` is not on record in the log, which has the ids and the status.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        PROCESSED = "processed", _("processed")
        IGNORED = "ignored", _("ignored")
        QUARANTINED = "quarantined", _("put aside")

    connector = models.CharField(_("provider"), max_length=20)
    event_id = models.CharField(_("event"), max_length=80)
    type = models.CharField(_("type"), max_length=80, blank=True)
    object_kind = models.CharField(_("kind"), max_length=40, blank=True)
    object_reference = models.CharField(_("object"), max_length=80, blank=True)
    authorization_reference = models.CharField(_("authorization"), max_length=80, blank=True)
    body = models.TextField(_("message"))
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.RECEIVED)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        constraints = [
            models.UniqueConstraint(fields=["connector", "event_id"], name="gateways_event_once")
        ]
        indexes = [models.Index(fields=["status", "received_at"], name="gateways_event_status")]

    def __str__(self) -> str:
        return f"{self.connector} {self.event_id}"
