"""What the forms of the customer page are made of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork, find_kept
from audit.texts import clean_text
from payments.parties.models import PERSONAL_FIELDS
from payments.parties.policy import READABLE

FIELDS = {
    "name": _("Name"),
    "email": _("Email"),
    "phone": _("Telephone"),
    "address": _("Address"),
}
"""The personal fields by name, as people call them."""

REASONS = {
    "identity": _("To be sure who is calling"),
    "contact": _("To write to or call the customer"),
    "delivery": _("To check a delivery"),
    "dispute": _("Evidence for a dispute"),
    "fraud": _("Suspected fraud"),
    "request": _("The customer asks what is known of him"),
}
"""Why somebody may need to see a detail. The code stands in the record, in clear: no free text."""


class RevealForm(KeepsWork, forms.Form):
    """Why a detail is to be shown. Its key is good for one look.

    A page has one for each detail, told apart by the detail's name in front of their own names.
    """

    reason = forms.ChoiceField(
        label=_("Why do you need to see it?"),
        choices=[("", _("Choose a reason")), *REASONS.items()],
        error_messages={"required": _("Choose why you need to see it.")},
        widget=forms.Select(attrs={"class": "form-select", "required": True}),
    )
    ticket = forms.RegexField(
        label=_("Ticket, if there is one"),
        regex=r"^[A-Za-z]{0,10}[-#/]?[0-9]{1,8}\Z",
        required=False,
        max_length=20,
        error_messages={"invalid": _("A ticket is a short number, such as DESK-1042.")},
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, detail: str, data: Any = None) -> None:
        super().__init__(data, prefix=detail, auto_id="reveal-%s")
        self.detail = detail
        self.initial["key"] = uuid.uuid4()
        if "ticket" in self.errors:
            self.fields["ticket"].widget.attrs["class"] += " is-invalid"

    @property
    def is_in_use(self) -> bool:
        """Whether somebody has begun to fill it in, so that it is not folded away."""
        kept = find_kept()
        return self.is_bound or (kept is not None and kept.is_of(self))


def read_reveal(data: Mapping[str, Any]) -> RevealForm | None:
    """The form that was sent; None for one that is none of ours."""
    for name in PERSONAL_FIELDS:
        if f"{name}-key" in data:
            return RevealForm(name, data)
    return None


class SurvivorForm(forms.Form):
    """Which customer the duplicate is to be merged into. Its reference may stand in an address."""

    into = forms.RegexField(
        label=_("Reference of the customer who stays"),
        regex=rf"^[Cc][- ]?[{READABLE}{READABLE.lower()}]{{8}}\Z",
        max_length=12,
        error_messages={
            "required": _("Say which customer stays."),
            "invalid": _("A customer's reference looks like C-4F7H2K9M."),
        },
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_into(self) -> str:
        """The reference as it is kept."""
        return f"C-{self.cleaned_data['into'].upper()[-8:]}"


class MergeForm(KeepsWork, forms.Form):
    """Why two customers are one person, for the colleague who decides."""

    reason = forms.CharField(
        label=_("Why are they one person?"),
        help_text=_("For the colleague who decides. No card numbers."),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()

    def clean_reason(self) -> str:
        """Tidied; a card number, or what cannot be kept, is refused in words."""
        try:
            return clean_text(self.cleaned_data["reason"], field="reason", most=200, required=True)
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None
