"""What a file is, by what is in it. Its name and what the browser says of it prove nothing."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from codecs import BOM_UTF8
from dataclasses import dataclass

import puremagic
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.errors import Refusal

MOST_BYTES = 5 * 1024 * 1024
MOST_NAME = 80
KNOWN = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
}
TEXTS = {".txt": "text/plain", ".csv": "text/csv"}
OFFERED = (".pdf", ".png", ".jpg", ".jpeg", ".txt", ".csv")
_DROPPED = re.compile(r"[^\w .,()+@=-]+")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file that may be kept. `name` is tidy, with the ending of its content; SHA-256 `digest`."""

    name: str
    type: str
    size: int
    digest: str


def examine(name: str, content: bytes) -> FileFacts:
    """Look into a file that somebody sends.

    Raises a Refusal: `file_empty`, `file_too_large`, `file_type` for what is not a PDF, PNG, JPEG
    or a text in UTF-8 (and named so), `card_number` for a text with one in it.
    """
    if not content:
        raise Refusal("file_empty", _("This file is empty."), field="file")
    if len(content) > MOST_BYTES:
        message = _("This file is too large: at most 5 MB.")
        raise Refusal("file_too_large", message, field="file")
    ending = _ending_of(name)
    kind = _type_of(content)
    if kind is None:
        kind = _text_type(content, ending)
    if not kind:
        message = _("Only PDF, PNG, JPEG, and text or CSV in UTF-8 are kept. The content counts.")
        raise Refusal("file_type", message, field="file")
    endings = KNOWN.get(kind, (ending,))
    wanted = ending if ending in endings else endings[0]
    return FileFacts(
        name=tidy_name(name, wanted),
        type=kind,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
    )


def _type_of(content: bytes) -> str | None:
    """The type that the first bytes tell: "" for one that is not kept, None when they tell none."""
    try:
        matches = puremagic.magic_string(content.removeprefix(BOM_UTF8))
    except (puremagic.PureError, ValueError):
        return None
    best = max((match.confidence for match in matches), default=0.0)
    kinds = [match.mime_type for match in matches if match.confidence == best]
    return next((kind for kind in kinds if kind in KNOWN), "" if matches else None)


def _text_type(content: bytes, ending: str) -> str | None:
    if ending not in TEXTS:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in text):
        return None
    if find_card_number(text):
        message = _("There is a card number in this file: remove it. Four digits are enough.")
        raise Refusal("card_number", message, field="file")
    return TEXTS[ending]


def _ending_of(name: str) -> str:
    _stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot else ""


def tidy_name(name: str, ending: str) -> str:
    """A name without folders, control and direction signs, with the ending of its content."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rpartition(".")[0].strip() or last
    plain = "".join(sign for sign in stem if not unicodedata.category(sign).startswith("C"))
    tidy = _BLANKS.sub(" ", _DROPPED.sub("_", plain)).strip(" .")[: MOST_NAME - len(ending)]
    return f"{tidy or 'file'}{ending}"
