"""When a delivery is tried again, when an endpoint is given up, and what a secret is. Pure."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.utils.translation import gettext_lazy as _
from standardwebhooks.webhooks import Webhook

from audit.encryption import fingerprint
from audit.errors import Refusal
from payments.webhooks.models import Endpoint

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after the try before it each try comes: ten in some 75 hours. Standard Webhooks."""
JITTER = 0.1
GIVEN_UP = timedelta(days=3)
"""An endpoint that took nothing for so long is disabled."""
GONE = 410
SLOWER = (429, 503)
"""Answers that may say how long to wait."""
LONGEST_PAUSE = timedelta(hours=24)
USUAL_PAUSE = timedelta(seconds=30)
AT_ONCE = 2
"""So many deliveries to one endpoint are on their way at a time: a slow one stops no other."""
OVERLAPS_H = (0, 24, 168, 720)
SECRET_BYTES = 32
PREFIX = "whsec_"
MOST_TYPES = 40


def next_try(tries: int, now: datetime, chance: float, wait: timedelta | None) -> datetime | None:
    """When a delivery is tried again after `tries` tries in vain; None when it was the last.

    `chance` between 0 and 1 spreads the tries of many by a tenth; `wait` is what the receiver
    asked for.
    """
    if tries >= len(SCHEDULE):
        return None
    usual = SCHEDULE[tries] * (1 + JITTER * (2 * chance - 1))
    return now + max(usual, wait or timedelta(0))


def pause_of(code: int | None, retry_after: str, now: datetime) -> timedelta | None:
    """How long a receiver wants to be left alone; None when he does not say so."""
    if code not in SLOWER:
        return None
    asked = _read_retry_after(retry_after, now)
    if asked is None:
        return USUAL_PAUSE
    return min(max(asked, timedelta(seconds=1)), LONGEST_PAUSE)


def _read_retry_after(text: str, now: datetime) -> timedelta | None:
    """Seconds or a date, as RFC 9110 has it; None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment - now if moment.tzinfo and moment > now else None


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint has taken nothing for too long."""
    return failing_since is not None and now - failing_since >= GIVEN_UP


def new_secret() -> str:
    """A fresh secret of Standard Webhooks: 256 bits of chance."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(keys: Iterable[str], message_id: str, moment: datetime, body: str) -> str:
    """The header `webhook-signature`: one signature for each secret, any of which counts."""
    return " ".join(Webhook(key).sign(message_id, moment, body) for key in keys)


def check_types(types: Collection[str], known: Collection[str]) -> list[str]:
    """The types in their order, each once; none for all of them. Raises Refusal."""
    strange = sorted(set(types) - set(known))
    if strange or len(types) > MOST_TYPES:
        raise Refusal("event_type_unknown", _("There is no such event."), field="types")
    return [one for one in known if one in types]


def wants(types: Collection[str], type_: str) -> bool:
    """Whether an endpoint with these types is told of an event. A try-out comes to every one."""
    return not types or type_ in types or type_ == TEST


TEST = "webhook.test"
"""The type of event that a person sends to try an endpoint out."""


EDITED = {"url": _("Address"), "description": _("Description"), "types": _("Events")}
"""What of an endpoint a person may change, and what it is called."""


def seen_of(endpoint: Endpoint) -> str:
    """What tells which of it has changed since a person saw it: a digest for each field."""
    return ".".join(fingerprint(getattr(endpoint, name))[:16] for name in EDITED)


def changed_since(endpoint: Endpoint, seen: str) -> list[str]:
    """The fields that are not what they were when `seen` was made; all when it is nothing of
    ours."""
    before, now = seen.split("."), seen_of(endpoint).split(".")
    if len(before) != len(now):
        return list(EDITED)
    return [name for name, old, new in zip(EDITED, before, now, strict=True) if old != new]
