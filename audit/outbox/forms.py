"""Why a dead message is to run again."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork
from audit.texts import clean_text


class ReasonForm(KeepsWork, forms.Form):
    """A reason, for the record."""

    reason = forms.CharField(
        label=_("Why it should run again"),
        help_text=_("It stands in the log. Nothing about customers, please."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_reason(self) -> str:
        try:
            return clean_text(self.cleaned_data["reason"], field="reason", most=200, required=True)
        except Refusal as refusal:
            raise forms.ValidationError(refusal.message) from None
