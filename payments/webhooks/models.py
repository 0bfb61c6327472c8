"""What merchants' systems are told, where it is sent, and how that went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.encryption import SealedField
from audit.owned import KeyedModel, OwnedModel
from payments.parties.models import Merchant


class Event(OwnedModel):
    """That something of a merchant's changed, written in the transaction of the change itself.

    It says *that*; what is true is presented anew whenever it is read or delivered. `version` is
    that of the object after the change: it only grows, by one for each event about the object.
    """

    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    is_live = models.BooleanField(_("live"))
    type = models.CharField(_("type"), max_length=40)
    object_kind = models.CharField(_("kind of object"), max_length=20)
    object_id = models.UUIDField(_("object"))
    version = models.PositiveIntegerField(_("version"))
    created_at = models.DateTimeField(_("happened"))
    is_announced = models.BooleanField(default=False)

    class Meta(OwnedModel.Meta):
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(
                fields=["merchant", "is_live", "created_at", "id"], name="webhooks_event_merchant"
            ),
            models.Index(
                fields=["merchant", "is_live", "type", "created_at", "id"],
                name="webhooks_event_type",
            ),
            models.Index(fields=["is_announced", "created_at", "id"], name="webhooks_event_new"),
            models.Index(fields=["created_at", "id"], name="webhooks_event_time"),
            models.Index(fields=["type", "created_at", "id"], name="webhooks_event_types"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "version"], name="webhooks_event_version_once"
            )
        ]

    def __str__(self) -> str:
        return self.type


class Endpoint(KeyedModel):
    """Where a merchant's system wants to be told, in one mode. `types` empty: of everything.

    The secret signs what is sent; after a rotation the old one signs too, until its time is over.
    """

    class Status(models.TextChoices):
        ENABLED = "enabled", _("enabled")
        DISABLED = "disabled", _("disabled")

    class Reason(models.TextChoices):
        NONE = "", ""
        BY_PERSON = "person", _("by hand")
        REMOVED = "removed", _("removed")
        GONE = "gone", _("it answered that it is gone (410)")
        FAILING = "failing", _("nothing could be delivered for days")

    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reference = models.CharField(max_length=16)
    is_live = models.BooleanField(_("live"), default=False)
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=120, blank=True)
    types = models.JSONField(_("events"))
    secret = SealedField()
    old_secret = SealedField(blank=True)
    old_secret_until = models.DateTimeField(null=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ENABLED)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    disabled_at = models.DateTimeField(_("disabled"), null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        indexes = [
            models.Index(
                fields=["merchant", "is_live", "created_at", "id"],
                name="webhooks_endpoint_merchant",
            ),
            models.Index(fields=["created_at", "id"], name="webhooks_endpoint_time"),
            models.Index(fields=["status", "disabled_at", "id"], name="webhooks_endpoint_status"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="webhooks_endpoint_reference_once"),
        ]

    def __str__(self) -> str:
        return self.reference

    def place_of_secret(self) -> str:
        """What the sealed secret is bound to."""
        return f"webhooks_endpoint:secret:{self.pk}"

    def place_of_old_secret(self) -> str:
        """What the sealed secret that ends is bound to."""
        return f"webhooks_endpoint:old_secret:{self.pk}"

    @property
    def is_enabled(self) -> bool:
        return self.status == self.Status.ENABLED


class Health(OwnedModel):
    """How an endpoint does. A row of its own, with the endpoint's id: deliveries write it often,
    and never in the way of a person who changes the endpoint."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.PROTECT, related_name="health")
    failing_since = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("health of a webhook endpoint")

    def __str__(self) -> str:
        return f"health {self.pk}"


class Delivery(OwnedModel):
    """An event on its way to an endpoint: a queue of its own, and its own record.

    It is leased as the outbox leases its messages. `tries` counts along the schedule and begins
    anew when a person has it delivered again; `attempts` counts all.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "waiting")
        SENDING = "sending", pgettext_lazy("delivery", "being sent")
        DELIVERED = "delivered", pgettext_lazy("delivery", "delivered")
        FAILED = "failed", pgettext_lazy("delivery", "failed")

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    type = models.CharField(_("type"), max_length=40)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("made"))
    settled_at = models.DateTimeField(null=True)
    last_outcome = models.CharField(max_length=12, blank=True)
    last_code = models.PositiveSmallIntegerField(null=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("redeliver_delivery", "Can have events delivered again")]
        indexes = [
            models.Index(
                fields=["endpoint", "status", "next_at", "id"], name="webhooks_delivery_due"
            ),
            models.Index(
                fields=["endpoint", "created_at", "id"], name="webhooks_delivery_endpoint"
            ),
            models.Index(
                fields=["endpoint", "status", "created_at", "id"], name="webhooks_delivery_state"
            ),
            models.Index(fields=["created_at", "id"], name="webhooks_delivery_time"),
            models.Index(fields=["status", "created_at", "id"], name="webhooks_delivery_states"),
            models.Index(fields=["type", "created_at", "id"], name="webhooks_delivery_type"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="webhooks_delivery_once")
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Attempt(OwnedModel):
    """One try to deliver: what was sent, and what came back, both sealed."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", pgettext_lazy("delivery", "delivered")
        REFUSED = "refused", _("refused")
        REDIRECTED = "redirected", _("redirected: not followed")
        TIMED_OUT = "timed_out", _("no answer in time")
        UNREACHABLE = "unreachable", _("not reached")
        FORBIDDEN = "forbidden", _("the address is not allowed")

    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="attempts_made", db_index=False
    )
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    code = models.PositiveSmallIntegerField(null=True)
    detail = models.CharField(max_length=80, blank=True)
    request = SealedField()
    answer = SealedField(blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("attempt of a delivery")
        verbose_name_plural = _("attempts of deliveries")
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="webhooks_attempt_once")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    def place_of_request(self) -> str:
        """What the sealed request is bound to."""
        return f"webhooks_attempt:request:{self.pk}"

    def place_of_answer(self) -> str:
        """What the sealed answer is bound to."""
        return f"webhooks_attempt:answer:{self.pk}"
