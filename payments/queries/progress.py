"""What of a payment has not come to its end, and what we do about it. Pure: reads a `Story`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.encryption import fingerprint
from payments.models import Asking, Attempt, Capture, Increment, LateAuthorization, Refund
from payments.queries.payments import Story

WAITS: dict[tuple[type[Asking], str], Any] = {
    (Attempt, Attempt.Status.PENDING): _("The bank is being asked for the money."),
    (Attempt, Attempt.Status.VOIDING): _("The provider is asked to let go of the money."),
    (Increment, Increment.Status.PENDING): _("The bank is being asked to hold more."),
    (Capture, Capture.Status.PENDING): _("The capture is on its way to the provider."),
    (Capture, Capture.Status.VOIDING): _("The provider is asked to take the capture back."),
    (Refund, Refund.Status.PENDING): _("The refund is on its way to the provider."),
    (LateAuthorization, LateAuthorization.Status.VOIDING): _(
        "The provider is asked to let go of what it holds for an attempt that had failed."
    ),
    (LateAuthorization, LateAuthorization.Status.RETURNING): _(
        "What was taken for an attempt that had failed is on its way back to the customer."
    ),
}
UNKNOWN: dict[tuple[type[Asking], str], Any] = {
    (Attempt, Attempt.Status.UNKNOWN): _(
        "The provider did not say whether the money is held. Do not take the payment again."
    ),
    (Attempt, Attempt.Status.VOID_UNKNOWN): _(
        "The provider did not say whether the money was let go."
    ),
    (Capture, Capture.Status.UNKNOWN): _(
        "The provider did not say whether the money was taken. It stays set aside until we know."
    ),
    (Increment, Increment.Status.UNKNOWN): _("The provider did not say whether more is held."),
    (Capture, Capture.Status.VOID_UNKNOWN): _(
        "The provider did not say whether the capture was taken back. It cannot be refunded until "
        "we know."
    ),
    (Refund, Refund.Status.UNKNOWN): _(
        "The provider did not say whether the refund was made. Do not refund it again: the "
        "amount stays set aside until we know."
    ),
    (LateAuthorization, LateAuthorization.Status.VOID_UNKNOWN): _(
        "The provider did not say whether it let go of what it held for an attempt that had failed."
    ),
    (LateAuthorization, LateAuthorization.Status.RETURN_UNKNOWN): _(
        "The provider did not say whether it gave back what was taken for an attempt that had "
        "failed. Do not give it back in another way."
    ),
}
_OTHER = _(
    "The provider's answer does not fit what we asked for. Nothing was booked: a person must look."
)
CONFLICTED: dict[tuple[type[Asking], str], Any] = {
    (model, "conflicted"): _OTHER for model in (Attempt, Increment, Capture, Refund)
}
SOON_S = 2
LATER_S = 30


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One row on its way. `ask_at` is when the provider is asked again, None for an unknown that
    the schedule has given up on."""

    row: Asking
    words: Any
    is_unknown: bool
    ask_at: datetime | None
    asked_times: int


@dataclass(frozen=True, slots=True)
class Progress:
    """All that is on its way; `version` changes when any of it moves."""

    unsettled: Sequence[Unsettled]
    version: str

    @property
    def every_s(self) -> int | None:
        """How often a page may look again; None when nothing moves by itself."""
        if not self.unsettled:
            return None
        return LATER_S if all(one.is_unknown for one in self.unsettled) else SOON_S


def progress_of(story: Story) -> Progress:
    """What is on its way. No queries."""
    rows: list[Asking] = [
        *story.attempts,
        *story.increments,
        *story.captures,
        *story.refunds,
        *story.late,
    ]
    version = fingerprint({str(row.pk): [row.status, row.asked_times] for row in rows})
    return Progress(
        unsettled=[one for row in rows if (one := _unsettled(row)) is not None],
        version=version[:16],
    )


def _unsettled(row: Asking) -> Unsettled | None:
    place = (type(row), row.status)
    words = WAITS.get(place) or UNKNOWN.get(place) or CONFLICTED.get(place)
    if words is None:
        return None
    return Unsettled(row, words, place not in WAITS, row.ask_at, row.asked_times)
