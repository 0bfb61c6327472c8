"""What is refused because of a key."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal


def key_missing() -> Refusal:
    """No key where one must be."""
    return Refusal("idempotency_key_missing", _("Send an Idempotency-Key with this request."))


def key_unreadable() -> Refusal:
    """A key that is none."""
    return Refusal(
        "idempotency_key_invalid",
        _("An Idempotency-Key is 1 to 255 visible ASCII characters."),
    )


def key_reused() -> Refusal:
    """The same key with another request."""
    return Refusal(
        "idempotency_key_reused",
        _("This Idempotency-Key was used with another request."),
        Kind.CONFLICT,
    )


def key_in_flight() -> Refusal:
    """The first request with this key has not ended."""
    return Refusal(
        "idempotency_key_in_flight",
        _("A request with this Idempotency-Key is under way. Ask again in a moment."),
        Kind.CONFLICT,
    )
