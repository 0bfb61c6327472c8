"""What a key is made of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.kept import KeepsWork
from config.api.scopes import TABLE
from payments.parties.forms import MerchantField
from payments.parties.models import Merchant

DAYS = (
    (0, _("It does not expire")),
    (30, _("In 30 days")),
    (90, _("In 90 days")),
    (365, _("In a year")),
)
OVERLAPS = ((0, _("At once")), (24, _("In a day")), (168, _("In a week")), (720, _("In 30 days")))


class KeyedForm(KeepsWork, forms.Form):
    """A double click is one act."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()

    @property
    def idempotency_key(self) -> str:
        return str(self.cleaned_data["key"])


class ApiKeyForm(KeyedForm):
    """For whom, what for, and what it may do."""

    merchant = MerchantField()
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What uses it: the web shop, the till, the nightly job."),
    )
    mode = forms.ChoiceField(
        label=_("Mode"),
        choices=[("test", _("Test: no money moves")), ("live", _("Live: real money"))],
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(one.code, one.label) for one in TABLE],
    )
    days = forms.TypedChoiceField(label=_("Expires"), coerce=int, choices=DAYS)

    def __init__(self, merchants: QuerySet[Merchant], data: QueryDict | None = None) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["merchant"].offer(merchants, _("Choose a merchant"))

    def expires_at(self, now: datetime) -> datetime | None:
        """When a valid form's key ends."""
        days: int = self.cleaned_data["days"]
        return now + timedelta(days=days) if days else None


class RotationForm(KeyedForm):
    """How long the old key goes on."""

    overlap = forms.TypedChoiceField(label=_("The old key stops"), coerce=int, choices=OVERLAPS)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["overlap"] = 24


def scope_facts(scopes: Iterable[str]) -> list[dict[str, Any]]:
    """Scopes in words, for a page."""
    held = set(scopes)
    return [
        {"label": one.label, "moves_money": one.moves_money} for one in TABLE if one.code in held
    ]
