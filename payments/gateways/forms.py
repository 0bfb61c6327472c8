"""What an account at a provider, and a rule of routing, are made of.

Secrets are typed here: these forms are not kept when a session ends (`audit/kept.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from payments.gateways.capabilities import CAPABILITIES
from payments.gateways.models import ConnectorAccount
from payments.gateways.policy import PLACES
from payments.gateways.queries.accounts import MOST, TOLD, find_accounts
from payments.parties.forms import MerchantField
from payments.parties.models import Merchant

ANY = _("any")
SUGGESTIONS = "accounts-to-name"
"""The list of the page that fields of accounts suggest from."""
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


class AccountField(forms.CharField):
    """An enabled account, cleaned to its id. Chosen from a list where there are few; where there
    are many, named by reference, or by the beginning of a name that no other has."""

    widget: Any = forms.Select
    default_error_messages = {
        "unknown": _("There is no such account."),
        "several": _("Several are called so. Write the reference of one: %(accounts)s."),
        "disabled": _("%(account)s is not enabled: no payment would go through it."),
    }

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"max_length": 160, **given})

    def offer(self, accounts: Sequence[ConnectorAccount]) -> None:
        """These, where they are all there are to choose from."""
        if len(accounts) > MOST:
            hints = {"placeholder": _("A-… or a name"), "list": SUGGESTIONS, "autocomplete": "off"}
            self.widget = forms.TextInput({**hints, "spellcheck": "false"})
        else:
            choices = ((str(one.pk), _name(one)) for one in accounts)
            self.widget = forms.Select(choices=[("", _("Choose an account")), *choices])
        self.widget.is_required = self.required

    def clean(self, value: Any) -> uuid.UUID | None:
        """One SELECT or two."""
        text = super().clean(value)
        if not text:
            return None
        found = find_accounts(text)
        if not found:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if len(found) > 1:
            told = [name_in_full(one) for one in found[:TOLD]] + ["…"] * (len(found) > TOLD)
            shown = {"accounts": "; ".join(told)}
            raise ValidationError(self.error_messages["several"], code="several", params=shown)
        if found[0].state != ConnectorAccount.State.ENABLED:
            shown = {"account": found[0].name}
            raise ValidationError(self.error_messages["disabled"], code="disabled", params=shown)
        return found[0].pk


class RouteForm(forms.Form):
    """Which payments, and where they go."""

    mode = forms.ChoiceField(label=_("Mode"), choices=MODES)
    merchant = MerchantField(required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    brand = forms.ChoiceField(label=_("Brand"), required=False)
    first = AccountField(label=_("First"))
    second = AccountField(label=_("If it cannot be reached"), required=False)
    third = AccountField(label=_("And then"), required=False)

    def __init__(
        self,
        merchants: QuerySet[Merchant],
        currencies: Iterable[str],
        accounts: Sequence[ConnectorAccount],
        data: QueryDict | None = None,
    ) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["merchant"].offer(merchants, ANY)
        fields["currency"].choices = [("", ANY), *((one, one) for one in currencies)]
        fields["brand"].choices = [("", ANY), *((one, _title(one)) for one in BRANDS)]
        for name in PLACES:
            fields[name].offer(accounts)
        is_named = len(accounts) > MOST
        self.suggestions = [name_in_full(one) for one in accounts[:MOST]] if is_named else []
        """What is offered to who types the name of an account."""

    @property
    def account_ids(self) -> list[uuid.UUID]:
        """The accounts of a valid form, in order."""
        given = (self.cleaned_data[name] for name in PLACES)
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


def name_in_full(account: ConnectorAccount) -> str:
    """A name that no other account has: `find_accounts` reads it back."""
    return f"{_name(account)} · {account.reference}"
