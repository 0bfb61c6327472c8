"""Our accounts at payment providers: who may speak for us there, and how well that works."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.encryption import unseal_secret
from audit.owned import KeyedModel


class ConnectorAccount(KeyedModel):
    """An account at a provider, a merchant's own or (without one) the house's for all.

    What it proves itself with is sealed under the keyring and never shown: only a hint of it is.
    A key waits in `next_api_key` until the provider has taken it, and only then is used. Webhooks
    are proved by either of two secrets while `previous_until` has not come.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ENABLED = "enabled", _("enabled")
        DISABLED = "disabled", _("disabled")

    class Trial(models.TextChoices):
        NEVER = "", _("not tried yet")
        UNDER_WAY = "under_way", _("being tried")
        PASSED = "passed", _("taken by the provider")
        REFUSED = "refused", _("refused by the provider")
        WRONG_MODE = "wrong_mode", _("of the other mode")
        NOT_REACHED = "not_reached", _("provider not reached")

    connector = models.CharField(_("provider"), max_length=20)
    merchant = models.ForeignKey(
        "parties.Merchant", on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_live = models.BooleanField(_("live"), default=False)
    name = models.CharField(_("name"), max_length=80)
    name_key = models.CharField(max_length=80, default="", editable=False)
    """The name as it is looked up (`parties.policy.name_key`)."""
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    provider_account = models.CharField(_("account at the provider"), max_length=80, blank=True)
    api_key = models.TextField(blank=True, editable=False)
    next_api_key = models.TextField(blank=True, editable=False)
    api_key_hint = models.CharField(_("key"), max_length=20, blank=True)
    next_api_key_hint = models.CharField(_("next key"), max_length=20, blank=True)
    webhook_secret = models.TextField(blank=True, editable=False)
    previous_webhook_secret = models.TextField(blank=True, editable=False)
    webhook_hint = models.CharField(_("webhook secret"), max_length=20, blank=True)
    previous_until = models.DateTimeField(_("the secret before is taken until"), null=True)
    is_proven = models.BooleanField(_("proven"), default=False)
    """The provider has taken the key that is in use."""
    trial = models.CharField(_("credentials"), max_length=12, choices=Trial, blank=True)
    tried_at = models.DateTimeField(_("tried"), null=True)
    trial_detail = models.CharField(_("detail"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    breaker_until = models.DateTimeField(_("left in peace until"), null=True)
    breaker_trips = models.PositiveSmallIntegerField(default=0)

    class Meta(KeyedModel.Meta):
        verbose_name = _("connector account")
        verbose_name_plural = _("connector accounts")
        permissions = [("manage_connector", "Can set up accounts at providers and routing")]
        indexes = [
            models.Index(fields=["connector", "created_at"], name="gateways_account_kind"),
            models.Index(fields=["created_at", "id"], name="gateways_account_time"),
            models.Index(fields=["name_key", "id"], name="gateways_account_name"),
            models.Index(fields=["state", "name_key", "id"], name="gateways_account_state"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state="enabled") | Q(is_proven=True), name="gateways_account_proven"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """What people tell it apart by, where two are called alike."""
        return f"A-{self.pk.hex[:12].upper()}"

    def open_secret(self, column: str) -> str:
        """What is sealed in a column, "" where it holds nothing. DecryptionFailed."""
        sealed: str = getattr(self, column)
        return unseal_secret(sealed, place=place_of(self, column)) if sealed else ""


SECRETS = ("api_key", "next_api_key", "webhook_secret", "previous_webhook_secret")
"""The columns that are sealed."""


def place_of(account: ConnectorAccount, column: str) -> str:
    """What a sealed text is bound to. A key keeps its place when it comes into use, as does a
    webhook secret when it goes out of it."""
    kind = "webhook" if "webhook" in column else "api"
    return f"gateways_connectoraccount:{kind}:{account.pk}"
