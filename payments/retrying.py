"""When a provider is asked again for what it did not do or did not tell, and when it never is.

One table for the tasks that do it, the pages that show it and the API that tells it. The outbox
sends what surely did nothing; the resolver asks what became of the rest. Both use the same key, so
a provider that did it does not do it twice. A no is final: another try is a person's or a shop's
decision, with a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.outbox.commands import LONGEST_WAIT, MOST_ATTEMPTS
from payments.models import Asking

FIRST_LOOK = timedelta(hours=1)
"""How long a call may be on its way, tried again and again, before the provider is asked."""
ASK_AFTER = (
    timedelta(minutes=5),
    timedelta(hours=1),
    *[timedelta(days=1)] * 5,
)
"""When a provider is asked again about an unknown outcome; then a person must."""
NEVER_ARRIVED = "never_arrived"
"""What an attempt failed of that its provider says it never heard of."""
CORRECTED = "corrected"
"""What stands for the provider's word where a person has said it for it."""
LOOK_FOR_LATE_AFTER = (timedelta(hours=1), timedelta(days=1))
"""When it is asked once more about such an attempt: its message of what turned up may be lost."""
SENT_AFTER = tuple(min(timedelta(seconds=2**n), LONGEST_WAIT) for n in range(1, MOST_ATTEMPTS))
"""After how long the outbox sends again what could not be sent, each time later."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done about one way in which a capture did not come to its end, and how often."""

    met: Any
    done: Any
    waits: tuple[timedelta, ...] = ()

    @property
    def times(self) -> int:
        return len(self.waits)


CAPTURE_RULES: Mapping[str, Rule] = {
    "unreachable": Rule(
        _("The provider cannot be reached: surely nothing happened."),
        _("Sent again with the same key."),
        SENT_AFTER,
    ),
    "silent": Rule(
        _("The provider says nothing of use: it may have happened."),
        _("The provider is asked what the key did; what never arrived is sent again with it."),
        ASK_AFTER,
    ),
    "odd": Rule(
        _("The answer is about another amount or currency."),
        _("Asked again as above; a person must look, and nothing is booked before it fits."),
        ASK_AFTER,
    ),
    "refused": Rule(
        _("The provider says no."),
        _("Never by itself: it has failed, and the amount may be captured anew."),
    ),
    "expired": Rule(
        _("The authorization has expired before it was sent."),
        _("Never: it has failed. Only another authorization helps."),
    ),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a capture failed. `is_retryable`: another capture of the same authorization may pass."""

    code: str
    is_retryable: bool
    advice: Any


_ANEW = _("What was held is gone: take the payment again.")
_LESS = _("Less is held than was asked for: look at the payment, and capture what is left.")
_LATER = _("The provider had trouble of its own: capture again in a while.")
_OTHER = _("The provider gave no reason that we know: look it up there before you try again.")
_NO = _("The provider cannot do this with this payment.")
FAILURES: Mapping[str, tuple[bool, Any]] = {
    "authorization_expired": (False, _ANEW),
    "authorization_not_approved": (False, _ANEW),
    "capture_charge_authorization_expired": (False, _ANEW),
    "charge_expired_for_capture": (False, _ANEW),
    "payment_intent_unexpected_state": (False, _ANEW),
    "charge_already_captured": (False, _LESS),
    "authorization_used_up": (False, _LESS),
    "capture_exceeds_authorized": (True, _LESS),
    "amount_too_large": (True, _LESS),
    "amount_too_small": (True, _("The provider takes no amount as small as this.")),
    "currency_not_supported": (False, _NO),
    "last_decimal_not_zero": (True, _("The last digit of this amount must be zero.")),
    "decimals_not_zero": (True, _("This currency has no smaller units at the provider.")),
    "not_supported": (False, _NO),
    "processing_error": (True, _LATER),
    "api_error": (True, _LATER),
    "lock_timeout": (True, _LATER),
}


def explain_capture_failure(code: str) -> Failure:
    """What a code of a capture that failed means for who may capture again."""
    is_retryable, advice = FAILURES.get(code, (False, _OTHER))
    return Failure(code, is_retryable, advice)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a row stands that has no end yet. `next_at` None: only a person goes on with it."""

    next_at: datetime | None
    asked: int
    most: int


def outlook_of(row: Asking) -> Outlook | None:
    """When the provider is asked next, and how often it was; None for what has its end."""
    if row.ask_at is None and row.status not in ("unknown", "conflicted", "void_unknown"):
        return None
    return Outlook(row.ask_at, row.asked_times, len(ASK_AFTER))
