"""Stripe's webhooks: who sent them and when, and which object of ours they speak of.

https://docs.stripe.com/webhooks/signature. Stripe's library refuses what is too old and lets
through what claims to come from the future; here both are refused. During a rotation any of
several secrets counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import stripe

from payments.gateways.errors import Forged
from payments.gateways.protocol import ProviderEvent
from payments.gateways.signatures import TOLERANCE
from payments.gateways.stripe.answers import unix_of
from payments.gateways.suspicion import Body, text_of

_TIMESTAMP = re.compile(r"(?:^|,)t=([0-9]{1,11})(?=,|$)")
KINDS = {
    "payment_intent": "authorization",
    "refund": "refund",
    "dispute": "dispute",
    "payout": "payout",
    "charge": "charge",
}


def verify(
    headers: Mapping[str, str], raw_body: bytes, secrets: Sequence[str], now: datetime
) -> ProviderEvent:
    """Raises Forged unless one of the secrets signed these bytes within 5 minutes of `now`."""
    named = {name.lower(): value for name, value in headers.items()}
    header = named.get("stripe-signature", "")
    stamps = _TIMESTAMP.findall(header)
    if len(stamps) != 1:
        raise Forged("headers_missing")
    sent_at = datetime.fromtimestamp(int(stamps[0]), UTC)
    if sent_at < now - TOLERANCE:
        raise Forged("too_old")
    if sent_at > now + TOLERANCE:
        raise Forged("too_new")
    if not any(_is_signed(header, raw_body, secret) for secret in secrets):
        raise Forged("signature_wrong")
    return read_event(raw_body, sent_at)


def _is_signed(header: str, raw_body: bytes, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(raw_body, header, secret)
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        return False
    return True


def read_event(raw_body: bytes, sent_at: datetime) -> ProviderEvent:
    """A genuine message, whatever it holds. Raises Forged for one without an id: it cannot be kept
    once."""
    try:
        body = json.loads(raw_body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not text_of(body, "id").startswith("evt_"):
        raise Forged("unreadable")
    data = body.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    thing = thing if isinstance(thing, dict) else {}
    kind = text_of(thing, "object", 40)
    return ProviderEvent(
        id=text_of(body, "id"),
        type=text_of(body, "type"),
        kind=KINDS.get(kind, kind),
        reference=text_of(thing, "id"),
        authorization_reference=_intent_of(thing, kind),
        occurred_at=unix_of(body, "created") or sent_at,
        raw=raw_body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
    )


def _intent_of(thing: Body, kind: str) -> str:
    if kind == "payment_intent":
        return text_of(thing, "id")
    found = thing.get("payment_intent")
    return text_of(found, "id") if isinstance(found, dict) else text_of(thing, "payment_intent")
