"""All that a page of one payment shows, read once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.approvals.models import Approval
from audit.approvals.models import Kind as ApprovalKind
from audit.approvals.queries import as_limits, select_limits
from audit.data_keys import open_data_keys, select_data_keys
from audit.errors import Kind, Refusal
from audit.notes.queries import Board, make_board, select_board
from audit.together import together
from payments.ledger.chart import AccountCode
from payments.ledger.money import Money
from payments.ledger.queries import get_balance
from payments.models import (
    Attempt,
    Capture,
    LateAuthorization,
    Payment,
    Refund,
    RefundReason,
)
from payments.parties.queries import masked_with
from payments.policy import (
    Correctable,
    Decision,
    capture_decision,
    correction_decision,
    correction_targets,
    give_up_decision,
    increment_decision,
    inquiry_decision,
    lapses_at,
    refund_decision,
    void_capture_decision,
)
from payments.queries import timeline
from payments.queries.arrival import (
    Arrival,
    days_of,
    expected_arrival,
    explain_failure,
)
from payments.queries.checks import AttemptView, view_attempt
from payments.queries.payments import (
    STORY,
    Story,
    get_story,
    list_reasons,
    make_story,
    select_story,
)
from payments.queries.progress import Progress, progress_of
from payments.queries.statement import Statement, make_statement, select_booked
from payments.queries.timeline import Moment, list_moments, list_told, select_entries
from payments.queries.unsettled import count_open_to_inquiry
from payments.retrying import (
    CAPTURE_RULES,
    Failure,
    Outlook,
    Rule,
    explain_capture_failure,
    outlook_of,
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be done with a payment now, and why not."""

    refund: Decision
    capture: Decision
    void: Decision
    increment: Decision
    inquiry: Decision
    correct: Decision | None
    """None when nothing is open, or for who never corrects: there is no button then."""


@dataclass(frozen=True, slots=True)
class CaptureView:
    """A capture, and whether it may be taken back; `is_open_to_void` while that is a question."""

    capture: Capture
    void: Decision
    is_open_to_void: bool

    @property
    def outlook(self) -> Outlook | None:
        return outlook_of(self.capture)

    @property
    def failure(self) -> Failure | None:
        is_over = self.capture.status == Capture.Status.FAILED
        return explain_capture_failure(self.capture.failure_code) if is_over else None


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund, the request for a second person, if there was one, and when the money arrives."""

    refund: Refund
    approval: Approval | None
    arrival: Arrival | None
    days: tuple[int, int]
    """The working days that the card's network usually takes."""

    @property
    def why_failed(self) -> Any:
        return explain_failure(self.refund.failure_code)

    @property
    def is_waiting(self) -> bool:
        return self.refund.status == Refund.Status.AWAITING_APPROVAL


@dataclass(frozen=True, slots=True)
class LateView:
    """An authorization that turned up late, and whether a person may say what becomes of it;
    `is_open` while that is a question."""

    late: LateAuthorization
    decision: Decision
    is_open: bool


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """The payment page. Personal data in it is masked."""

    story: Story
    allowed: Allowed
    attempts: Sequence[AttemptView]
    captures: Sequence[CaptureView]
    refunds: Sequence[RefundView]
    late: Sequence[LateView]
    customer: Mapping[str, str]
    moments: Sequence[Moment]
    is_story_cut: bool
    statement: Statement
    progress: Progress
    board: Board | None

    @property
    def payment(self) -> Payment:
        return self.story.payment

    @property
    def latest_moments(self) -> Sequence[Moment]:
        return self.moments[: timeline.SHOWN]

    @property
    def earlier_moments(self) -> Sequence[Moment]:
        return self.moments[timeline.SHOWN :]

    @property
    def capture_rules(self) -> Sequence[Rule]:
        """What is done about captures that do not come to their end, where there is one."""
        is_asked = any(one.outlook or one.failure for one in self.captures)
        return list(CAPTURE_RULES.values()) if is_asked else []

    @property
    def confirm_until(self) -> datetime | None:
        """Until when the payment waits to be confirmed; None for one that does not."""
        waits = self.payment.status == Payment.Status.REQUIRES_CONFIRMATION
        return lapses_at(self.payment) if waits else None


def get_payment_page(payment_id: uuid.UUID, actor: Actor, now: datetime) -> PaymentPage:
    """Everything of one payment as `actor` may see it. Two SELECTs: its rows, and what the log and
    the ledger have about them.

    Raises a Refusal (missing).
    """
    refunds = Refund.objects.filter(payment_id=payment_id).order_by()
    holder = Payment.objects.filter(pk=payment_id).values("customer_id")
    may_read = actor.may("notes.view_note")
    read = iter(
        together(
            *select_story([payment_id]),
            Approval.objects.filter(subject_id__in=refunds.values("pk")).order_by(
                "requested_at", "pk"
            ),
            select_data_keys(holder),
            *(select_board("payment", payment_id) if may_read else ()),
        )
    )
    story = make_story(list(islice(read, STORY)))
    approvals, keys = next(read), open_data_keys(next(read))
    board = make_board("payment", payment_id, actor, list(read)) if may_read else None
    told = list_told(story, approvals, board)
    entries, booked = together(select_entries(told), select_booked(story))
    by_subject = {approval.subject_id: approval for approval in approvals}
    customer = story.payment.customer
    return PaymentPage(
        story=story,
        allowed=_allowed(story, actor, now),
        attempts=[view_attempt(attempt) for attempt in reversed(story.attempts)],
        captures=[_view_capture(story, one, actor, now) for one in reversed(story.captures)],
        refunds=[
            _view_refund(story, one, by_subject.get(one.pk), now) for one in reversed(story.refunds)
        ],
        late=[_view_late(one, actor, now) for one in reversed(story.late)],
        customer=masked_with(customer, keys, ("name", "email")) if customer else {},
        moments=list_moments(told, entries),
        is_story_cut=len(entries) == timeline.MOST,
        statement=make_statement(story, booked),
        progress=progress_of(story),
        board=board,
    )


def _view_capture(story: Story, capture: Capture, actor: Actor, now: datetime) -> CaptureView:
    decision = void_capture_decision(actor, story.payment, capture, now)
    is_taken = capture.status == Capture.Status.SUCCEEDED
    is_open = is_taken and capture.settles_at is not None and capture.settles_at > now
    return CaptureView(capture, decision, is_open)


def _view_late(late: LateAuthorization, actor: Actor, now: datetime) -> LateView:
    decision = correction_decision(actor, late, None, "", None, now)
    return LateView(late, decision, bool(correction_targets(late)))


def _view_refund(
    story: Story, refund: Refund, approval: Approval | None, now: datetime
) -> RefundView:
    attempt = next((one for one in story.attempts if one.pk == refund.attempt_id), None)
    return RefundView(refund, approval, expected_arrival(refund, attempt, now), days_of(attempt))


def _allowed(story: Story, actor: Actor, now: datetime) -> Allowed:
    payment, attempt = story.payment, story.last_attempt
    return Allowed(
        # Whatever the limit is, some amount may be asked for.
        refund=refund_decision(actor, payment, None, None),
        capture=capture_decision(actor, payment, attempt, None, now),
        void=give_up_decision(actor, payment, attempt),
        increment=increment_decision(actor, payment, attempt, None, now),
        inquiry=inquiry_decision(actor, count_open_to_inquiry(story)),
        correct=_correct(story, actor, now),
    )


def _correct(story: Story, actor: Actor, now: datetime) -> Decision | None:
    rows = list_correctable(story)
    if not rows or not actor.may("payments.correct_payment"):
        return None
    decisions = [correction_decision(actor, row, None, "", None, now) for row in rows]
    return next((one for one in decisions if one), decisions[0])


def list_correctable(story: Story) -> list[Correctable]:
    """What of a payment has no end yet and may be set to one by a person. No queries."""
    rows: list[Correctable] = [
        *story.attempts,
        *story.increments,
        *story.captures,
        *story.refunds,
        *story.late,
    ]
    return [row for row in rows if correction_targets(row)]


@dataclass(frozen=True, slots=True)
class MoneyPage:
    """What a refund, a capture or a void is decided on."""

    payment: Payment
    attempt: Attempt | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class RefundPage(MoneyPage):
    """`limit` is up to where the person goes alone, None without one; `merchant_balance` is what
    we owe the merchant now, in the payment's currency."""

    limit: Money | None
    merchant_balance: Money
    reasons: Sequence[RefundReason]


def get_refund_page(payment_id: uuid.UUID, actor: Actor) -> RefundPage:
    """What a refund of this payment would do, and for which reasons. Two SELECTs.

    Raises a Refusal (missing).
    """
    *read, limits, reasons = together(
        *select_story([payment_id]),
        select_limits(actor, ApprovalKind.REFUND),
        list_reasons(RefundReason.Act.REFUND),
    )
    story = make_story(read)
    payment = story.payment
    minor = as_limits(limits).get(payment.currency)
    account = payment.account(AccountCode.MERCHANT_PAYABLE)
    return RefundPage(
        payment=payment,
        attempt=story.last_attempt,
        decision=refund_decision(actor, payment, None, minor),
        limit=None if minor is None else payment.money(minor),
        merchant_balance=get_balance(account).usual,
        reasons=reasons,
    )


def get_capture_page(payment_id: uuid.UUID, actor: Actor, now: datetime) -> MoneyPage:
    """What is held and may be captured. One SELECT. Raises a Refusal (missing)."""
    story = get_story(payment_id)
    decision = capture_decision(actor, story.payment, story.last_attempt, None, now)
    return MoneyPage(story.payment, story.last_attempt, decision)


def get_void_page(payment_id: uuid.UUID, actor: Actor) -> MoneyPage:
    """What is held and may be let go, or what was only prepared. One SELECT.

    Raises a Refusal (missing).
    """
    story = get_story(payment_id)
    decision = give_up_decision(actor, story.payment, story.last_attempt)
    return MoneyPage(story.payment, story.last_attempt, decision)


def get_increment_page(payment_id: uuid.UUID, actor: Actor, now: datetime) -> MoneyPage:
    """What is held and may be raised. One SELECT. Raises a Refusal (missing)."""
    story = get_story(payment_id)
    decision = increment_decision(actor, story.payment, story.last_attempt, None, now)
    return MoneyPage(story.payment, story.last_attempt, decision)


@dataclass(frozen=True, slots=True)
class CaptureVoidPage(MoneyPage):
    """The capture that may be taken back."""

    capture: Capture


def get_capture_void_page(
    payment_id: uuid.UUID, capture_id: uuid.UUID, actor: Actor, now: datetime
) -> CaptureVoidPage:
    """A capture and whether it may be taken back. One SELECT. Raises a Refusal (missing)."""
    story = get_story(payment_id)
    capture = next((one for one in story.captures if one.pk == capture_id), None)
    if capture is None:
        raise Refusal("capture_missing", _("There is no such capture."), Kind.MISSING)
    decision = void_capture_decision(actor, story.payment, capture, now)
    return CaptureVoidPage(story.payment, story.last_attempt, decision, capture)
