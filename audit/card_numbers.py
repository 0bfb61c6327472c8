"""Card numbers never enter: found in free text to refuse it, and in log lines to remove them.

A number is 13 to 19 digits in a brand's range whose check digit is right. Digits may be
parted by blanks, dashes or dots, follow a letter, be full-width, or hide invisible characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import luhn

REMOVED = "[card number removed]"
SHORTEST, LONGEST = 13, 19

# First digits and lengths, from the networks' published ranges.
BRANDS = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})                                    # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}  # Mastercard
    | 3[47]\d{13}                                                  # American Express
    | (?:30[0-5]|3095|36|3[89])\d{11,16}                           # Diners Club
    | (?:6011|64[4-9]|65|60|508|8[12])\d{12,17}                    # Discover, RuPay
    | 35(?:2[89]|[3-8]\d)\d{12,15}                                 # JCB
    | 62\d{14,17}                                                  # UnionPay
    | (?:5018|5019|5020|5038|5893|6304|6759|676[1-3])\d{9,15}      # Maestro, Dankort
    | 220[0-4]\d{12,15}                                            # Mir
    | (?:5067|509\d|627780|636297|636368|650[0-9]|9792|9860|8600)\d{10,15}  # Elo, Verve, Troy
    """,
    re.VERBOSE,
)
RUN = re.compile(r"\d(?:[\s.·_-]{0,3}\d){12,}", re.ASCII)
GROUP = re.compile(r"\d+", re.ASCII)
# Ids and digests are made of digits too; a card number has no reason to sit in one.
IDS = re.compile(
    r"""(?<![0-9a-z])(?:
        [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
      | (?=[0-9]*[a-f])(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})
    )(?![0-9a-z])""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def find_card_number(text: str) -> tuple[int, int] | None:
    """Where the first card number begins and ends in `text`, or None."""
    return next(_find_all(text), None)


def refuse_card_number(value: object) -> None:
    """A validator for free text. Raises ValidationError."""
    if find_card_number(str(value)):
        raise ValidationError(
            _("This looks like a card number. Remove it; the last four digits are enough."),
            code="card_number",
        )


def scrub(text: str) -> str:
    """`text` with each card number replaced by a note that there was one."""
    parts: list[str] = []
    done = 0
    for start, end in _find_all(text):
        parts += [text[done:start], REMOVED]
        done = end
    return "".join([*parts, text[done:]]) if done else text


def _find_all(text: str) -> Iterator[tuple[int, int]]:
    if len(text) < SHORTEST:
        return
    plain, origins = _plain(text)
    if not RUN.search(plain):
        return
    hidden = IDS.sub(lambda match: "x" * len(match[0]), plain)
    for run in RUN.finditer(hidden):
        for start, end in _numbers_in(run):
            yield origins[start], origins[end - 1] + 1


def _plain(text: str) -> tuple[str, range | list[int]]:
    """The text in ASCII digits and plain separators, and where each of its signs came from."""
    if text.isascii():
        return text, range(len(text))
    signs: list[str] = []
    origins: list[int] = []
    for position, original in enumerate(text):
        for sign in unicodedata.normalize("NFKC", original):
            seen = _simplified(sign)
            signs.append(seen)
            origins += [position] * len(seen)
    return "".join(signs), origins


def _simplified(sign: str) -> str:
    if sign.isascii():
        return sign
    category = unicodedata.category(sign)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(sign))
    if category == "Pd" or sign == "\N{MINUS SIGN}":
        return "-"
    return " " if category == "Zs" else sign


def _numbers_in(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Whole groups of digits that together make a number; what was found is not looked at again."""
    groups = [
        (run.start() + group.start(), run.start() + group.end()) for group in GROUP.finditer(run[0])
    ]
    text = run.string
    first = 0
    while first < len(groups):
        digits, found = "", None
        for last in range(first, len(groups)):
            digits += text[slice(*groups[last])]
            if len(digits) > LONGEST:
                break
            if _is_card_number(digits):
                found = last
        if found is None:
            first += 1
        else:
            yield groups[first][0], groups[found][1]
            first = found + 1


def _is_card_number(digits: str) -> bool:
    return (
        SHORTEST <= len(digits) <= LONGEST
        and BRANDS.fullmatch(digits) is not None
        and bool(luhn.is_valid(digits))
    )
