"""Standard Webhooks: who sent a message, and when.

https://github.com/standard-webhooks/standard-webhooks, symmetric scheme `v1`. The signed text is
`id.timestamp.body` over the bytes as they came; during a rotation any of several secrets counts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from payments.gateways.errors import Forged

TOLERANCE = timedelta(minutes=5)
MOST_SIGNATURES = 10
# No dot, so that the signed text can be taken apart in one way only.
_ID = re.compile(r"[!-\-/-~]{1,80}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Signed:
    """What the headers of a genuine message say."""

    id: str
    sent_at: datetime


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature `v1,…` of a message. Raises ValueError for a secret that is none."""
    digest = hmac.new(_key(secret), _signed_text(message_id, str(timestamp), body), hashlib.sha256)
    return "v1," + base64.b64encode(digest.digest()).decode()


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> Signed:
    """Raises Forged unless one of the secrets signed these bytes within 5 minutes of `now`."""
    named = {name.lower(): value for name, value in headers.items()}
    message_id = named.get("webhook-id", "")
    timestamp = named.get("webhook-timestamp", "")
    signatures = named.get("webhook-signature", "")
    if not _ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(timestamp) or not signatures:
        raise Forged("headers_missing")
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    if sent_at < now - TOLERANCE:
        raise Forged("too_old")
    if sent_at > now + TOLERANCE:
        raise Forged("too_new")
    text = _signed_text(message_id, timestamp, body)
    found = _read(signatures)
    if not any(_matches(secret, text, found) for secret in secrets):
        raise Forged("signature_wrong")
    return Signed(message_id, sent_at)


def _signed_text(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _key(secret: str) -> bytes:
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if not key:
        raise ValueError("an empty secret")
    return key


def _read(signatures: str) -> list[bytes]:
    found = []
    for one in signatures.split(" ")[:MOST_SIGNATURES]:
        version, _, text = one.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _matches(secret: str, text: bytes, found: Sequence[bytes]) -> bool:
    expected = hmac.new(_key(secret), text, hashlib.sha256).digest()
    return any(hmac.compare_digest(expected, one) for one in found)
