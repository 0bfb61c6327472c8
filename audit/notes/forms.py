"""What a note is made of."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork
from audit.notes.contents import MOST_BYTES, FileFacts, examine
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
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, PNG, JPEG, text or CSV, up to 5 MB."),
        required=False,
        allow_empty_file=True,
        max_length=500,
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
                required=not self.files.get("file"),
                lines=True,
            )
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None

    def clean_file(self) -> tuple[FileFacts, bytes] | None:
        """What the file is by its content, and the content itself."""
        sent = self.cleaned_data["file"]
        if not sent:
            return None
        if sent.size > MOST_BYTES:
            raise ValidationError(_("This file is too large: at most 5 MB."))
        content = sent.read()
        try:
            return examine(sent.name or "", content), content
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None

    @property
    def idempotency_key(self) -> str:
        """The key of a valid form, as commands take it."""
        return str(self.cleaned_data["key"])
