"""What a correction is decided on: the row, what the provider said of it, and what would follow."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.approvals.models import Approval
from audit.approvals.models import Kind as ApprovalKind
from audit.approvals.queries import as_limits, select_limits
from audit.errors import Kind, Refusal
from audit.together import together
from payments.ledger.money import Money
from payments.models import (
    Attempt,
    Capture,
    Correction,
    Increment,
    LateAuthorization,
    Payment,
    RefundReason,
)
from payments.policy import (
    NEVER_ALONE,
    Correctable,
    Decision,
    correction_decision,
    correction_targets,
    inquiry_decision,
    late_decision,
    stake_of,
)
from payments.queries.pages import list_correctable
from payments.queries.payments import Story, list_reasons, make_story, select_story
from payments.queries.unsettled import OPEN_TO_INQUIRY

KINDS: dict[type[Correctable], str] = {
    Attempt: "attempt",
    Increment: "increment",
    Capture: "capture",
    LateAuthorization: "late",
}
CONSEQUENCES: dict[tuple[str, str], Any] = {
    ("attempt", "authorized"): _("The bank holds the money: it can be captured."),
    ("attempt", "declined"): _("The bank said no: nothing is held, and it may be tried again."),
    ("attempt", "failed"): _("The provider never took it: nothing is held, it may be tried again."),
    ("attempt", "voided"): _("The bank let go of the money: nothing more can be captured."),
    ("capture", "succeeded"): _(
        "The money was taken: it is booked now, the provider owes it to us and we owe it to the "
        "merchant, less our fee."
    ),
    ("capture", "failed"): _(
        "The money was not taken: nothing is booked, it can be captured again."
    ),
    ("capture", "voided"): _(
        "The capture was taken back: what was booked is booked back, our fee with it, and the "
        "customer is never charged."
    ),
    ("increment", "succeeded"): _("The bank holds more: so much more can be captured."),
    ("increment", "failed"): _("The bank does not hold more: what was held before stays held."),
    ("refund", "succeeded"): _(
        "The customer was paid: it is booked as sent, and what the provider owes us is less."
    ),
    ("refund", "failed"): _(
        "The customer was not paid: the merchant is owed it again, and it can be refunded again."
    ),
    ("late", "voiding"): _("The provider is asked once more to let go of what it holds."),
    ("late", "returning"): _(
        "All that was taken goes back to the customer's card. To the shop the payment has failed "
        "and stays so."
    ),
    ("late", "booked_off"): _(
        "What stands on suspense becomes unclaimed money: the customer does not get it back "
        "through the provider. A colleague has to approve it, whatever your limit is. Should the "
        "money move at the provider after all, it is put back on suspense by itself."
    ),
    ("late", "adopted"): _(
        "The payment is captured after all: we owe the money to the merchant, less our fee, and "
        "the shop is told by webhook. Make sure that it still delivers, and that the customer has "
        "not paid in another way."
    ),
}


ACTS: dict[tuple[str, str], Any] = {
    ("late", "voiding"): _("let go of it"),
    ("late", "returning"): _("give it back"),
    ("late", "adopted"): _("keep it for the payment"),
    ("late", "booked_off"): _("book it off as unclaimed money"),
}
"""What a person has done, where he does not say what is but decides what becomes of it."""
CAPTURE_STANDS = _("The capture stands: nothing is booked back, and it can be refunded.")


def consequence_of(kind: str, before: str, after: str) -> Any:
    """What follows when a row of a kind goes from one state to another."""
    if kind == "capture" and before in ("voiding", "void_unknown") and after == "succeeded":
        return CAPTURE_STANDS
    return CONSEQUENCES[(kind, after)]


@dataclass(frozen=True, slots=True)
class Target:
    """A state that the row may be set to, and what follows from it."""

    status: str
    words: Any
    consequence: Any
    act: Any
    why_not: Any


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """The row to be corrected, before and after, and whether it may be."""

    payment: Payment
    rows: Sequence[Correctable]
    row: Correctable | None
    decision: Decision
    inquiry: Decision
    limit: Money | None
    reasons: Sequence[RefundReason]
    late: Mapping[str, Decision]
    """Of money that turned up late, by state: whether the person may have it end there."""

    @property
    def kind(self) -> str:
        return kind_of(self.row) if self.row else ""

    @property
    def kind_words(self) -> Any:
        return Correction.Kind(self.kind).label if self.row else ""

    @property
    def amount(self) -> Money | None:
        return self.payment.money(stake_of(self.row)) if self.row else None

    @property
    def targets(self) -> list[Target]:
        if self.row is None:
            return []
        names = type(self.row).Status
        return [
            Target(
                status,
                names(status).label,
                consequence_of(self.kind, self.row.status, status),
                self._act(status),
                self.late[status].reason if status in self.late else "",
            )
            for status in correction_targets(self.row)
            if status != LateAuthorization.Status.BOOKED_OFF or self._is_stuck
        ]

    def _act(self, status: str) -> Any:
        is_return = status == LateAuthorization.Status.RETURNING
        if is_return and isinstance(self.row, LateAuthorization) and self.row.return_tries:
            return _("try once more to give it back")
        return ACTS.get((self.kind, status), type(self.row).Status(status).label)  # type: ignore[union-attr]

    @property
    def _is_stuck(self) -> bool:
        """Nothing more happens to what was taken late by itself: only then it is booked off."""
        return isinstance(self.row, LateAuthorization) and self.row.ask_at is None

    @property
    def is_never_alone(self) -> bool:
        """Among what may be done is something that no limit allows one person to do."""
        return any(one.status in NEVER_ALONE and not one.why_not for one in self.targets)

    @property
    def needs_second_person(self) -> bool:
        if self.row is None or self.limit is None:
            return True
        return stake_of(self.row) > self.limit.minor


def kind_of(row: Correctable) -> str:
    """What a row is called where corrections name it."""
    return KINDS.get(type(row), "refund")


def get_correction_page(
    payment_id: uuid.UUID, row_id: uuid.UUID | None, actor: Actor, now: datetime
) -> CorrectionPage:
    """The first row that may be corrected, or the one that is named. One SELECT.

    Raises a Refusal (missing) for a payment or a row that is not there.
    """
    *read, limits, reasons = together(
        *select_story([payment_id]),
        select_limits(actor, ApprovalKind.CORRECTION),
        list_reasons(RefundReason.Act.CORRECTION),
    )
    story = make_story(read)
    rows = list_correctable(story)
    row = next((one for one in rows if one.pk == row_id), None)
    if row is None and row_id is None and rows:
        row = rows[-1]
    minor = as_limits(limits).get(story.payment.currency)
    asked = [one for one in rows if one.status in OPEN_TO_INQUIRY]
    return CorrectionPage(
        payment=story.payment,
        rows=rows,
        row=row,
        decision=correction_decision(actor, row, None, "", minor, now),
        inquiry=inquiry_decision(actor, len(asked)),
        limit=None if minor is None else story.payment.money(minor),
        reasons=reasons,
        late=_late_decisions(story, row, actor),
    )


def _late_decisions(story: Story, row: Correctable | None, actor: Actor) -> dict[str, Decision]:
    if not isinstance(row, LateAuthorization):
        return {}
    last = story.last_attempt
    is_last = last is not None and row.attempt_id == last.pk
    targets = correction_targets(row)
    return {status: late_decision(actor, row, status, is_last=is_last) for status in targets}


def get_correction(correction_id: uuid.UUID) -> Correction:
    """One correction with its payment. Raises a Refusal (missing)."""
    rows = Correction.objects.filter(pk=correction_id)
    found = rows.select_related("payment__merchant", "payment__customer", "reason").first()
    if found is None:
        raise Refusal("correction_missing", _("There is no such correction."), Kind.MISSING)
    return found


@dataclass(frozen=True, slots=True)
class CorrectionContext:
    """What the second person has in view."""

    correction: Correction
    consequence: Any

    @property
    def payment(self) -> Payment:
        return self.correction.payment

    @property
    def rows(self) -> list[Payment]:
        """What of it is on record as seen."""
        return [self.payment]


def get_correction_context(approval: Approval, actor: Actor) -> CorrectionContext | None:
    """A correction and what follows from it; None for who may not see payments. One SELECT."""
    if not actor.may("payments.view_payment"):
        return None
    found = get_correction(approval.subject_id)
    said = consequence_of(found.kind, found.from_status, found.to_status)
    return CorrectionContext(found, said)
