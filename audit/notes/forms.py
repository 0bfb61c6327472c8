"""What a note is made of."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork
from audit.notes.policy import MOST_CHARACTERS
from audit.texts import clean_text


class NoteForm(KeepsWork, forms.Form):
    """Words for the colleagues. Its key makes a double click one note."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Note"),
        help_text=_("For your colleagues: the customer does not see it. No card numbers."),
        max_length=4 * MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())
        # Told by `clean_text`, which counts what is kept.
        self.fields["text"].widget.attrs["maxlength"] = MOST_CHARACTERS

    def clean_text(self) -> str:
        try:
            return clean_text(
                self.cleaned_data["text"],
                field="text",
                most=MOST_CHARACTERS,
                required=True,
                lines=True,
            )
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None

    @property
    def idempotency_key(self) -> str:
        """The key of a valid form, as commands take it."""
        return str(self.cleaned_data["key"])
