"""What a second person has in view who decides on a refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from audit.actor import Actor
from audit.approvals.models import Approval
from audit.data_keys import open_data_keys, select_data_keys
from audit.together import together
from payments.ledger.chart import AccountCode
from payments.ledger.money import Money
from payments.ledger.queries import make_balance, select_balance
from payments.models import Attempt, Payment, Refund
from payments.parties.queries import masked_with
from payments.queries.payments import Story, make_story, select_story
from payments.queries.timeline import Moment, list_moments, list_told, select_entries

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
    """What to know before deciding; None for who may not see payments. Two SELECTs.

    Habits are those of the payment's mode. The refund's own amount has left the payment's
    refundable amount, not the merchant's balance.
    """
    if not actor.may("payments.view_payment"):
        return None
    asked = Payment.objects.filter(refunds=approval.subject_id)
    customer = asked.values("customer_id")
    lately = _select_lately(approval, now).filter(payment__is_live__in=asked.values("is_live"))
    *read, by_requester, for_customer, others, keys = together(
        *select_story(asked.values("pk")),
        lately.filter(requested_by_id=approval.requested_by_id)[:MOST_COUNTED],
        lately.filter(payment__customer_id__in=customer)[:MOST_COUNTED],
        Payment.objects.filter(customer_id__in=customer).order_by("-created_at", "-pk")[: MOST + 1],
        select_data_keys(customer),
    )
    story = make_story(read)
    payment = story.payment
    refund = next(one for one in story.refunds if one.pk == approval.subject_id)
    account = payment.account(AccountCode.MERCHANT_PAYABLE)
    told = list_told(story)
    entries, *read = together(select_entries(told), *select_balance(account))
    balance = make_balance(read).usual
    is_booked = refund.status != Refund.Status.AWAITING_APPROVAL
    return RefundContext(
        refund=refund,
        payment=payment,
        attempt=_attempt_of(story, refund),
        customer=masked_with(payment.customer, open_data_keys(keys), ("name", "email"))
        if payment.customer
        else {},
        moments=list_moments(told, entries)[:MOMENTS],
        of_requester=_habit(by_requester),
        of_customer=_habit(for_customer) if payment.customer else None,
        payments_of_customer=[one for one in others if one.pk != payment.pk][:MOST],
        merchant_now=balance,
        merchant_after=balance if is_booked else balance - refund.amount,
    )


def _attempt_of(story: Story, refund: Refund) -> Attempt | None:
    return next((one for one in story.attempts if one.pk == refund.attempt_id), None)


def _select_lately(approval: Approval, now: datetime) -> QuerySet[Refund]:
    """The other refunds of the last days, the newest first."""
    rows = Refund.objects.filter(created_at__gt=now - LATELY).exclude(pk=approval.subject_id)
    return rows.select_related("payment", "reason").order_by("-created_at", "-pk")


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
