"""The search box."""

from __future__ import annotations

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.errors import Refusal
from audit.search import LONGEST_TERM, plain
from audit.texts import clean_text

_PHONE = re.compile(r"(?:\+|00)[0-9 ()./-]+")
MOST_DIGITS = 13


def is_international_phone(text: str) -> bool:
    """Whether this is written as a telephone number with its country, and no longer than one.

    No card number begins with a plus or with two zeros.
    """
    tidy = plain(text)
    digits = re.sub("[^0-9]", "", tidy).removeprefix("00")
    return bool(_PHONE.fullmatch(tidy)) and len(digits) <= MOST_DIGITS


class SearchForm(forms.Form):
    """One term. Sent by POST, so that nothing of it gets into an address."""

    q = forms.CharField(
        label=_("Search"),
        strip=False,
        error_messages={"required": _("Type what you look for.")},
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_q(self) -> str:
        """The tidy term. What cannot be kept or must not be here is refused in words."""
        try:
            term = str(self.cleaned_data["q"])
            may_be_card = not is_international_phone(term)
            return clean_text(term, field="q", most=LONGEST_TERM, required=True, cards=may_be_card)
        except Refusal as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from None

    def shown_again(self) -> str:
        """What was typed, for the box: of a card number only the last four digits."""
        text = str(self.data.get("q", ""))[: 4 * LONGEST_TERM]
        while (place := find_card_number(text)) is not None:
            digits = "".join(sign for sign in text[slice(*place)] if sign.isdecimal())
            text = f"{text[: place[0]]}{digits[-4:]}{text[place[1] :]}"
        return text.replace("\x00", "").strip()
