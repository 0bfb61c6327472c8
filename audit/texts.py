"""Text that people and other systems send: tidied, or refused with a reason."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number
from audit.errors import Refusal

_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
# Control characters and lone surrogates: PostgreSQL stores no NUL, UTF-8 has no surrogates.
_UNKEEPABLE = frozenset({"Cc", "Cs"})


def clean_text(
    text: str,
    *,
    field: str,
    most: int,
    required: bool = False,
    lines: bool = False,
    cards: bool = True,
) -> str:
    """`text` in NFC, without blanks around it or doubled in it; line breaks only with `lines`.

    Raises a Refusal whose details name the `field`: `text_missing`, `text_too_long` (`most`
    characters), `text_unreadable` (control characters), `card_number`. Without `cards` nobody looks
    for one: the text is known to be something else, and is not kept.
    """
    if len(text) > 4 * most:
        raise _too_long(field, most)
    tidy = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    tidy = "\n".join(_BLANKS.sub(" ", line).strip() for line in tidy.split("\n")).strip()
    kept = tidy.replace("\n", "") if lines else tidy
    if any(unicodedata.category(sign) in _UNKEEPABLE for sign in kept):
        message = _("This text has characters that cannot be kept.")
        raise Refusal("text_unreadable", message, field=field)
    if required and not tidy:
        raise Refusal("text_missing", _("Please fill this in."), field=field)
    if len(tidy) > most:
        raise _too_long(field, most)
    if not cards:
        return tidy
    try:
        refuse_card_number(tidy)
    except ValidationError as error:
        raise Refusal("card_number", error.message, field=field) from None
    return tidy


def _too_long(field: str, most: int) -> Refusal:
    message = _("This is too long: at most %(most)s characters.") % {"most": most}
    return Refusal("text_too_long", message, field=field)
