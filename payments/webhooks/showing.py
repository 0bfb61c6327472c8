"""The tries of a delivery as a page shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from audit.encryption import DecryptionFailed, unseal_secret
from payments.webhooks.models import Attempt

CLOSED = _("It cannot be opened any more.")


@dataclass(frozen=True, slots=True)
class Try:
    """One try in clear. `body` is pretty where it is JSON; empty for who may not see it."""

    attempt: Attempt
    headers: str
    body: str
    answer: str


def tries_of(attempts: Iterable[Attempt], *, in_full: bool) -> list[Try]:
    """The tries with what was sent and what came back; without bodies unless `in_full`."""
    return [_opened(one, in_full=in_full) for one in attempts]


def _opened(attempt: Attempt, *, in_full: bool) -> Try:
    headers, _blank, body = _open(attempt.request, attempt.place_of_request()).partition("\n\n")
    if not in_full:
        return Try(attempt, headers, "", "")
    return Try(attempt, headers, pretty(body), _open(attempt.answer, attempt.place_of_answer()))


def _open(sealed: str, place: str) -> str:
    if not sealed:
        return ""
    try:
        return unseal_secret(sealed, place=place)
    except DecryptionFailed:
        return str(CLOSED)


def pretty(text: str) -> str:
    """JSON with line breaks; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
