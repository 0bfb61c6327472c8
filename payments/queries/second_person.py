"""What a second person has in view who decides on a refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model, Q

from audit.actor import Actor
from audit.approvals.models import Approval
from payments.ledger.chart import AccountCode, name_account
from payments.ledger.money import Money
from payments.ledger.queries import get_balance
from payments.models import Attempt, Payment, Refund
from payments.parties.queries import masked
from payments.queries.payments import Story, get_refund, get_story
from payments.queries.timeline import Moment, list_moments

LATELY = timedelta(days=30)
MOST = 5
MOST_COUNTED = 200
MOMENTS = 8
SENT = (
    Refund.Status.PENDING,
    Refund.Status.UNKNOWN,
    Refund.Status.CONFLICTED,
    Refund.Status.SUCCEEDED,
)


@dataclass(frozen=True, slots=True)
class Habit:
    """The refunds of one person or for one customer of late: how many, how much, the latest."""

    count: int
    is_more: bool
    """There are more than were counted."""
    sums: Sequence[Money]
    latest: Sequence[Refund]


@dataclass(frozen=True, slots=True)
class RefundContext:
    """The payment of a refund that waits, and what else speaks for it or against it."""

    refund: Refund
    payment: Payment
    attempt: Attempt | None
    customer: Mapping[str, str]
    moments: Sequence[Moment]
    of_requester: Habit
    of_customer: Habit | None
    payments_of_customer: Sequence[Payment]
    merchant_now: Money
    merchant_after: Money

    @property
    def rows(self) -> list[Model]:
        """What of it is on record as seen."""
        refunds = [
            *self.of_requester.latest,
            *(self.of_customer.latest if self.of_customer else ()),
        ]
        return [self.payment, *self.payments_of_customer, *refunds]


def get_refund_context(approval: Approval, actor: Actor, now: datetime) -> RefundContext | None:
    """What to know before deciding; None for who may not see payments. Eleven SELECTs at most.

    The refund's own amount has left the payment's refundable amount, not the merchant's balance.
    """
    if not actor.may("payments.view_payment"):
        return None
    story = get_story(get_refund(approval.subject_id).payment_id)
    payment = story.payment
    refund = next(one for one in story.refunds if one.pk == approval.subject_id)
    account = name_account(payment.merchant_id, payment.currency, AccountCode.MERCHANT_PAYABLE)
    balance = get_balance(account).usual
    lately = _list_lately(approval, payment, now)
    customer_id = payment.customer_id
    is_booked = refund.status != Refund.Status.AWAITING_APPROVAL
    return RefundContext(
        refund=refund,
        payment=payment,
        attempt=_attempt_of(story, refund),
        customer=masked(payment.customer, ("name", "email")) if payment.customer else {},
        moments=list_moments(story, [])[:MOMENTS],
        of_requester=_habit(
            [one for one in lately if one.requested_by_id == approval.requested_by_id]
        ),
        of_customer=_habit([one for one in lately if one.payment.customer_id == customer_id])
        if customer_id
        else None,
        payments_of_customer=_list_payments_of(payment),
        merchant_now=balance,
        merchant_after=balance if is_booked else balance - refund.amount,
    )


def _attempt_of(story: Story, refund: Refund) -> Attempt | None:
    return next((one for one in story.attempts if one.pk == refund.attempt_id), None)


def _list_lately(approval: Approval, payment: Payment, now: datetime) -> list[Refund]:
    """The other refunds of the last days by who asked, or for the customer; the newest first."""
    about = Q(requested_by_id=approval.requested_by_id)
    if payment.customer_id is not None:
        about |= Q(payment__customer_id=payment.customer_id)
    rows = Refund.objects.filter(about, created_at__gt=now - LATELY).exclude(pk=approval.subject_id)
    found = rows.select_related("payment", "reason").order_by("-created_at", "-pk")
    return list(found[: 2 * MOST_COUNTED])


def _habit(rows: Sequence[Refund]) -> Habit:
    counted = rows[:MOST_COUNTED]
    sums: dict[str, int] = {}
    for one in counted:
        if one.status in SENT:
            sums[one.currency] = sums.get(one.currency, 0) + one.amount_minor
    return Habit(
        count=len(counted),
        is_more=len(rows) >= MOST_COUNTED,
        sums=[Money(minor, currency) for currency, minor in sorted(sums.items())],
        latest=counted[:MOST],
    )


def _list_payments_of(payment: Payment) -> list[Payment]:
    """The customer's other payments, the latest first."""
    if payment.customer_id is None:
        return []
    rows = Payment.objects.filter(customer_id=payment.customer_id).exclude(pk=payment.pk)
    return list(rows.order_by("-created_at", "-pk")[:MOST])
