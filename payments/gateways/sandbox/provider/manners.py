"""The ways an event can reach its receiver, and the message each makes of it."""

import json
import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from standardwebhooks import Webhook

from .clock import stamp
from .events import event_view

UNKNOWN_TYPE = "authorization.levitated"
UNKNOWN_STATUS = "levitating"


class Manner(StrEnum):
    PLAIN = "plain"
    TWICE = "twice"
    LATE = "late"
    FORGED = "forged"
    STALE = "stale"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_STATUS = "unknown_status"
    REVERSED = "reversed"
    DROPPED = "dropped"


FOR_THE_NEXT = frozenset(Manner)
FOR_A_STORED_EVENT = FOR_THE_NEXT - {Manner.REVERSED, Manner.DROPPED}
TRIED_ONCE = frozenset({Manner.FORGED, Manner.STALE})


def make_message(
    event: sqlite3.Row, manner: Manner, signers: Sequence[Webhook]
) -> tuple[dict[str, str], bytes]:
    """Headers and body of one delivery attempt, signed with every secret."""
    content = event_view(event)
    if manner is Manner.UNKNOWN_TYPE:
        content["type"] = UNKNOWN_TYPE
    elif manner is Manner.UNKNOWN_STATUS:
        content["data"]["status"] = UNKNOWN_STATUS
    if manner in (Manner.UNKNOWN_TYPE, Manner.UNKNOWN_STATUS):
        # A receiver that has seen the event must not take this one for a repeat.
        content["id"] = f"{content['id']}_{manner}"
    body = json.dumps(content, separators=(",", ":"))
    # The signature tells the time of this attempt on the real clock, not the sandbox's.
    at = datetime.now(UTC)
    if manner is Manner.STALE:
        at -= timedelta(hours=1)
    if manner is Manner.FORGED:
        signers = [Webhook(secrets.token_bytes(32))]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "sandbox-provider",
        "Webhook-Id": content["id"],
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": " ".join(signer.sign(content["id"], at, body) for signer in signers),
        "Sandbox-Sent-At": stamp(at),
    }
    return headers, body.encode()
