"""The keys with which merchants' systems call the API."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import KeyedModel
from payments.parties.models import Merchant


class ApiKey(KeyedModel):
    """A merchant's key. Its secret is shown once; what is kept is a keyed hash of it.

    A key belongs to one merchant and one mode: a test key reaches only providers that move no
    money. `expires_at` None: it does not end by itself.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=12)
    name = models.CharField(_("name"), max_length=80)
    is_live = models.BooleanField(_("live"), default=False)
    hint = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(_("scopes"))
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    expires_at = models.DateTimeField(_("expires"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by"
    )

    class Meta(KeyedModel.Meta):
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = [models.Index(fields=["merchant", "created_at", "id"], name="api_key_merchant")]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="api_apikey_reference_once"),
            models.UniqueConstraint(fields=["digest"], name="api_apikey_digest_once"),
        ]

    def __str__(self) -> str:
        return self.reference
