"""How the administration shows its lists. `{% load administration %}`"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

register = template.Library()
CELL = re.compile(r"^<(t[dh])\b")
ICON = re.compile(r'(<img\b[^>]* alt=")(True|False|None)(")')


@register.simple_tag
def labelled(
    rows: Iterable[Iterable[str]], headers: Iterable[Mapping[str, Any]]
) -> list[list[SafeString]]:
    """The cells of a list as Django makes them, each with the words of its column, which stand
    beside it on a telephone."""
    words = [capfirst(str(header["text"])) for header in headers]
    return [
        [_labelled(cell, label) for cell, label in zip(row, words, strict=True)] for row in rows
    ]


def _labelled(cell: str, label: str) -> SafeString:
    said = CELL.sub(lambda one: f'<{one[1]} data-label="{escape(label)}"', str(cell), count=1)
    # Django's own icons say True and False in every language.
    return mark_safe(ICON.sub(_say, said))  # noqa: S308 (both sides are escaped)


def _say(found: re.Match[str]) -> str:
    words = {"True": _("yes"), "False": _("no"), "None": _("unknown")}
    return f"{found[1]}{escape(words[found[2]])}{found[3]}"
