"""The filters of the list of payments, as they stand in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from audit.card_numbers import refuse_card_number
from audit.errors import Refusal
from audit.keyset import without_place
from payments.gateways.declines import DECLINES
from payments.ledger.money import Money
from payments.models import Payment
from payments.parties.forms import MerchantField
from payments.parties.models import Merchant
from payments.queries.search import Wanted

ANY = _("Any merchant")
ANYTHING = _("Any")
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
PLAIN = {"autocomplete": "off", "spellcheck": "false"}
CURRENCIES = frozenset(currency.code for currency in Currency)
FINE_CURRENCY = "CLF"
"""Has the four decimals in which `Wanted` counts amounts that name no currency."""


def refuse_address(text: str) -> None:
    """What is looked for stands in the address of the page: no place for a person's email."""
    if "@" in text:
        raise ValidationError(_("People are not looked for here: use a reference."))


class DayField(forms.DateField):
    """The browser's own picker; a day that a calendar knows."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not EARLIEST <= day <= LATEST:
            raise ValidationError(_("Choose a day between 1970 and 2200."))
        return day


class AmountField(forms.CharField):
    """An amount that names no currency, as the reader writes it. Cleaned to ten-thousandths."""

    def __init__(self, label: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(
            label=label, required=False, max_length=40, widget=forms.TextInput(attrs=attrs)
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return Money.parse(text, FINE_CURRENCY, get_language() or "en").minor
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force, and the address without it."""

    label: Any
    value: Any
    url: str


class PaymentFilter(forms.Form):
    """All of it is optional and combines. What it cannot read is an error of that field."""

    reference = forms.CharField(
        label=_("Reference"),
        required=False,
        max_length=120,
        validators=[refuse_address, refuse_card_number],
        widget=forms.TextInput(
            attrs={"placeholder": _("P-…, R-…, C-…, order or provider"), "data-search": True}
        ),
    )
    state = forms.MultipleChoiceField(
        label=_("State"),
        required=False,
        choices=Payment.Status.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    merchant = MerchantField(required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)
    amount = AmountField(_("Amount"))
    amount_min = AmountField(_("At least"))
    amount_max = AmountField(_("At most"))
    currency = forms.CharField(
        label=_("Currency"), required=False, max_length=3, widget=forms.TextInput(PLAIN)
    )
    last_four = forms.RegexField(
        label=_("Last four digits"),
        regex=r"^[0-9]{4}$",
        required=False,
        error_messages={"invalid": _("Four digits.")},
        widget=forms.TextInput({**PLAIN, "inputmode": "numeric", "maxlength": "4"}),
    )
    customer = forms.RegexField(
        label=_("Customer"),
        regex=r"^[Cc]-[0-9A-Za-z]{1,20}$",
        required=False,
        error_messages={"invalid": _("A customer is called C-… here.")},
        widget=forms.TextInput({**PLAIN, "placeholder": "C-…"}),
    )
    method = forms.ChoiceField(
        label=_("Capture method"),
        required=False,
        choices=[("", ANYTHING), *Payment.CaptureMethod.choices],
    )
    connector = forms.ChoiceField(label=_("Provider"), required=False)
    decline = forms.ChoiceField(
        label=_("Decline code"),
        required=False,
        choices=[("", ANYTHING), *((code, code) for code in sorted(DECLINES))],
    )

    MORE = (
        "since",
        "until",
        "amount_min",
        "amount_max",
        "currency",
        "last_four",
        "customer",
        "method",
        "connector",
        "decline",
    )
    CHOSEN = ("method", "connector", "decline")

    def __init__(self, data: Mapping[str, Any], merchants: QuerySet[Merchant]) -> None:
        super().__init__(data)
        self._merchant.offer(merchants, ANY)
        connectors = [("", ANYTHING), *((name, name) for name in settings.GATEWAYS)]
        self.fields["connector"].choices = connectors  # type: ignore[attr-defined]
        self.fields["reference"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        for name, field in self.fields.items():
            if name == "state":
                continue
            is_chosen = isinstance(field.widget, forms.Select)
            kind = "form-select" if is_chosen else "form-control"
            wrong = " is-invalid" if name in self.errors else ""
            field.widget.attrs["class"] = f"{kind}{wrong}"

    @property
    def _merchant(self) -> MerchantField:
        field: Any = self.fields["merchant"]
        found: MerchantField = field
        return found

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code and code not in CURRENCIES:
            raise ValidationError(_("There is no such currency."))
        return code

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for low, high, words in (
            ("since", "until", _("This is before “From”.")),
            ("amount_min", "amount_max", _("This is less than “At least”.")),
        ):
            first, last = cleaned.get(low), cleaned.get(high)
            if first is not None and last is not None and last < first:
                self.add_error(high, words)
        return cleaned

    def wanted(self, *, is_live: bool) -> Wanted:
        """What a valid filter asks for of one mode. “Until” a day is until its end."""
        given = self.cleaned_data
        exact = given["amount"]
        lows = [one for one in (exact, given["amount_min"]) if one is not None]
        highs = [one for one in (exact, given["amount_max"]) if one is not None]
        return Wanted(
            statuses=given["state"],
            merchant_id=given["merchant"],
            created_from=_start_of(given["since"]),
            created_until=_start_of(given["until"], days=1),
            amount_from=max(lows) if lows else None,
            amount_until=min(highs) if highs else None,
            reference=given["reference"],
            currency=given["currency"],
            last_four=given["last_four"],
            customer=given["customer"].upper(),
            capture_method=given["method"],
            is_live=is_live,
            connector=given["connector"],
            decline_code=given["decline"],
        )

    @property
    def shows_more(self) -> bool:
        """Whether one of the rarer filters is in use, so that they are not folded away."""
        return any(self.data.get(name) for name in self.MORE)

    def tidy_address(self) -> str:
        """The query of an address with what was given and nothing empty, repeated or unknown.

        A merchant who was named stands in it by his id.
        """
        kept = QueryDict(mutable=True)
        for name in self.fields:
            values = [value.strip() for value in _values(self.data, name) if value.strip()]
            if values:
                kept.setlist(name, list(dict.fromkeys(values)))
        if merchant_id := self.cleaned_data.get("merchant"):
            kept["merchant"] = str(merchant_id)
        return kept.urlencode()

    def chips(self, path: str) -> list[Chip]:
        """The filters in force, each with the way to be without it."""
        address = without_place(self.data)  # type: ignore[arg-type]
        found = []
        for name, field in self.fields.items():
            for value in _values(self.data, name):
                if value.strip():
                    url = _without(path, address, name, value)
                    found.append(Chip(field.label, self._words(name, value), url))
        return found

    def _words(self, name: str, value: str) -> Any:
        if name in ("state", *self.CHOSEN):
            choices = {str(key): label for key, label in self.fields[name].choices}  # type: ignore[attr-defined]
            return choices.get(value, value[:40])
        if name == "merchant" and (found := self._merchant.find(value.strip())):
            return found[0].name
        day = self.cleaned_data.get(name) if name in ("since", "until") else None
        return date_format(day) if day else value[:40]


def _values(data: Any, name: str) -> list[str]:
    return list(data.getlist(name)) if hasattr(data, "getlist") else []


def _without(path: str, address: QueryDict, name: str, value: str) -> str:
    kept = address.copy()
    kept.setlist(name, [other for other in address.getlist(name) if other != value])
    query = kept.urlencode()
    return f"{path}?{query}" if query else path


def _start_of(day: date | None, *, days: int = 0) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
