"""What a decision is made of."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number
from audit.kept import KeepsWork


class Verdict:
    APPROVE = "approve"
    REJECT = "reject"


class NoteForm(KeepsWork, forms.Form):
    """A word to the others. No card numbers: the note is kept for years."""

    note = forms.CharField(
        label=_("Note"),
        help_text=_("For your colleagues, if there is something to say."),
        required=False,
        max_length=500,
        validators=[refuse_card_number],
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.note_errors_id = f"{self.prefix}-note-errors" if self.prefix else "note-errors"
        if self.is_bound and "note" in self.errors:
            self.fields["note"].widget.attrs["class"] = "form-control is-invalid"


class DecisionForm(NoteForm):
    """Its two buttons say which; its key makes a double click one decision."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    verdict = forms.ChoiceField(
        choices=[(Verdict.APPROVE, _("Approve")), (Verdict.REJECT, _("Reject"))]
    )
