"""What an account at a provider, and a rule of routing, are made of.

Secrets are typed here: these forms are not kept when a session ends (`audit/kept.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from payments.gateways.capabilities import CAPABILITIES
from payments.gateways.models import ConnectorAccount
from payments.parties.forms import MerchantField
from payments.parties.models import Merchant

ANY = _("any")
MODES = [("test", _("Test: no money moves")), ("live", _("Live: real money"))]
OVERLAPS = ((0, _("At once")), (1, _("In an hour")), (24, _("In a day")), (72, _("In 3 days")))
BRANDS = (
    "visa",
    "mastercard",
    "american_express",
    "discover",
    "diners",
    "jcb",
    "unionpay",
    "cartes_bancaires",
)


def _secret(label: Any, help_text: Any, *, required: bool = True) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label, help_text=help_text, max_length=300, required=required, widget=widget
    )


class AccountForm(forms.Form):
    """An account at a provider, and what it proves itself with."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    connector = forms.ChoiceField(label=_("Provider"))
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What people here call this account.")
    )
    merchant = MerchantField(label=_("For"), required=False)
    mode = forms.ChoiceField(label=_("Mode"), choices=MODES)
    api_key = _secret(
        _("Secret key"),
        _("Kept sealed and never shown again. Best a restricted one (rk_…)."),
        required=False,
    )
    webhook_secret = _secret(
        _("Webhook secret"),
        _("With it the provider signs what it tells us (whsec_…). It may follow later."),
        required=False,
    )

    def __init__(self, merchants: QuerySet[Merchant], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()
        fields: Any = self.fields
        fields["connector"].choices = [(one.connector, one.label) for one in CAPABILITIES.values()]
        fields["merchant"].offer(merchants, _("Every merchant (the house's own)"))


class KeyForm(forms.Form):
    """A new key for an account."""

    api_key = _secret(
        _("New secret key"), _("The one in use goes on until the provider has taken this one.")
    )


class SecretForm(forms.Form):
    """A new webhook secret, and how long the one before is good."""

    webhook_secret = _secret(_("New webhook secret"), _("As the provider shows it (whsec_…)."))
    overlap = forms.TypedChoiceField(
        label=_("The old secret stops"), coerce=int, choices=OVERLAPS, initial=24
    )


class RouteForm(forms.Form):
    """Which payments, and where they go."""

    mode = forms.ChoiceField(label=_("Mode"), choices=MODES)
    merchant = MerchantField(required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    brand = forms.ChoiceField(label=_("Brand"), required=False)
    first = forms.TypedChoiceField(label=_("First"), coerce=uuid.UUID)
    second = forms.TypedChoiceField(
        label=_("If it cannot be reached"), coerce=uuid.UUID, required=False, empty_value=None
    )
    third = forms.TypedChoiceField(
        label=_("And then"), coerce=uuid.UUID, required=False, empty_value=None
    )

    def __init__(
        self,
        merchants: QuerySet[Merchant],
        currencies: Iterable[str],
        accounts: Iterable[ConnectorAccount],
        data: QueryDict | None = None,
    ) -> None:
        super().__init__(data)
        fields: Any = self.fields
        named = [(str(one.pk), _name(one)) for one in accounts]
        fields["merchant"].offer(merchants, ANY)
        fields["currency"].choices = [("", ANY), *((one, one) for one in currencies)]
        fields["brand"].choices = [("", ANY), *((one, _title(one)) for one in BRANDS)]
        for name in ("first", "second", "third"):
            fields[name].choices = [("", _("Choose an account")), *named]

    @property
    def account_ids(self) -> list[uuid.UUID]:
        """The accounts of a valid form, in order."""
        given = (self.cleaned_data[name] for name in ("first", "second", "third"))
        return [one for one in given if one]


class PreviewForm(forms.Form):
    """A payment that might come."""

    mode = forms.ChoiceField(label=_("Mode"), choices=MODES)
    merchant = MerchantField()
    currency = forms.ChoiceField(label=_("Currency"))
    brand = forms.ChoiceField(label=_("Brand"), choices=[(one, one) for one in BRANDS])
    connector = forms.ChoiceField(label=_("The card's token is of"))

    def __init__(
        self,
        merchants: QuerySet[Merchant],
        currencies: Iterable[str],
        data: QueryDict | None = None,
    ) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["merchant"].offer(merchants, _("Choose a merchant"))
        fields["currency"].choices = [(one, one) for one in currencies]
        fields["brand"].choices = [(one, _title(one)) for one in BRANDS]
        fields["connector"].choices = [(one.connector, one.label) for one in CAPABILITIES.values()]


def _title(brand: str) -> str:
    return brand.replace("_", " ").capitalize()


def _name(account: ConnectorAccount) -> str:
    mode = str(_("live") if account.is_live else _("test"))
    return f"{account.name} ({CAPABILITIES[account.connector].label}, {mode})"
