"""What providers tell us by themselves."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.owned import OwnedModel
from payments.gateways.models.accounts import ConnectorAccount


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
    account = models.ForeignKey(
        ConnectorAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )
    event_id = models.CharField(_("event"), max_length=80)
    type = models.CharField(_("type"), max_length=80, blank=True)
    object_kind = models.CharField(_("kind"), max_length=40, blank=True)
    object_reference = models.CharField(_("object"), max_length=80, blank=True)
    authorization_reference = models.CharField(_("authorization"), max_length=80, blank=True)
    body = models.TextField(_("message"))
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.RECEIVED)
    note = models.CharField(_("note"), max_length=200, blank=True)
    unknown_kind = models.CharField(_("kind of object"), max_length=40, blank=True)
    unknown_status = models.CharField(_("unknown status"), max_length=80, blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        permissions = [("map_event", "Can map and replay provider events")]
        constraints = [
            models.UniqueConstraint(fields=["connector", "event_id"], name="gateways_event_once")
        ]
        indexes = [
            models.Index(fields=["status", "received_at", "id"], name="gateways_event_status"),
            models.Index(fields=["received_at", "id"], name="gateways_event_time"),
            models.Index(fields=["authorization_reference"], name="gateways_event_hold"),
            models.Index(fields=["request_id"], name="gateways_event_request"),
        ]

    def __str__(self) -> str:
        return f"{self.connector} {self.event_id}"


class Mapping(OwnedModel):
    """What a word of a provider's that nobody knew means: a type of event, or a status of a kind
    of object. `meaning` is one of our own, see `payments.gateways.meanings`."""

    class Sort(models.TextChoices):
        TYPE = "type", _("type of event")
        STATUS = "status", _("status")

    connector = models.CharField(_("provider"), max_length=20)
    sort = models.CharField(_("sort"), max_length=8, choices=Sort)
    object_kind = models.CharField(_("kind of object"), max_length=40, blank=True)
    raw = models.CharField(_("the provider's word"), max_length=80)
    meaning = models.CharField(_("what it means"), max_length=80)
    mapped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    mapped_at = models.DateTimeField(_("mapped"))

    class Meta(OwnedModel.Meta):
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "sort", "object_kind", "raw"], name="gateways_mapping_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connector} {self.raw}"


class ProviderCall(OwnedModel):
    """One call to a provider and how it ended. It is its own record, and holds no data of a person
    or a card: the key is made of a row's id, `detail` is a status or a code.
    """

    append_only: ClassVar[bool] = True

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("answered")
        REJECTED = "rejected", _("refused")
        UNAVAILABLE = "unavailable", _("not reached")
        UNKNOWN = "unknown", pgettext_lazy("call", "no answer of use")
        MISMATCH = "mismatch", _("answer does not fit")
        UNMAPPED = "unmapped", _("status nobody knows")

    connector = models.CharField(_("provider"), max_length=20)
    operation = models.CharField(_("operation"), max_length=30)
    key = models.CharField(_("key"), max_length=120, blank=True)
    payment_id = models.UUIDField(_("payment"), null=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("began"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    detail = models.CharField(_("detail"), max_length=80, blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("call to a provider")
        verbose_name_plural = _("calls to providers")
        indexes = [
            models.Index(fields=["request_id"], name="gateways_call_request"),
            models.Index(fields=["payment_id", "started_at"], name="gateways_call_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.connector} {self.operation}"
