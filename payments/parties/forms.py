"""What the forms of the customer page are made of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.kept import KeepsWork, find_kept
from payments.parties.models import PERSONAL_FIELDS

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
