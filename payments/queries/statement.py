"""The money of a payment as the ledger has it, and whether it adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet

from payments.ledger.chart import AccountCode, TransferCode
from payments.ledger.models import Entry, Transfer
from payments.ledger.money import Money
from payments.ledger.queries import list_entries_for
from payments.models import Payment, Refund
from payments.queries.payments import Story

SENT_AND_OPEN = (Refund.Status.PENDING, Refund.Status.UNKNOWN, Refund.Status.CONFLICTED)
reference_sources: list[Callable[[Story], Iterable[str]]] = []
"""Higher apps name here the transfers of theirs that belong to a payment."""


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: exactly one of `debit` and `credit` is given."""

    account: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer with its lines, debits first. `owed_after` is what the merchant is owed of this
    payment once it is booked."""

    transfer: Transfer
    lines: Sequence[Line]
    owed_after: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """All movements of a payment, oldest first, and the sums that prove them."""

    movements: Sequence[Movement]
    debits: Money
    credits: Money
    with_provider: Money
    """What the provider owes us of this payment, by the ledger."""
    with_provider_due: Money
    """The same by the payment's own amounts: captured and not refunded, and what was taken late."""
    in_flight: Money
    in_flight_due: Money

    @property
    def is_balanced(self) -> bool:
        """Whether the debits are the credits, and the ledger says what the payment says."""
        return (
            self.debits == self.credits
            and self.with_provider == self.with_provider_due
            and self.in_flight == self.in_flight_due
        )


def make_statement(story: Story, entries: Sequence[Entry]) -> Statement:
    """The transfers of a payment's captures and refunds, of what `select_booked` finds."""
    payment = story.payment
    sums = _sums(entries)
    return Statement(
        movements=_movements(payment, entries),
        debits=payment.money(sum(e.amount_minor for e in entries if e.amount_minor > 0)),
        credits=payment.money(-sum(e.amount_minor for e in entries if e.amount_minor < 0)),
        with_provider=payment.money(sums.get(AccountCode.PROVIDER_CLEARING, 0)),
        with_provider_due=payment.money(_due_from_provider(story)),
        in_flight=payment.money(-sums.get(AccountCode.REFUNDS_IN_FLIGHT, 0)),
        in_flight_due=payment.money(_sent_and_open(story)),
    )


def select_booked(story: Story) -> QuerySet[Entry]:
    """The entries of all transfers that belong to a payment. One SELECT; none without any."""
    references = [
        *(f"capture:{capture.pk}" for capture in story.captures),
        *(f"refund:{refund.pk}" for refund in story.refunds),
        *(name for late in story.late for name in late.transfers),
        *(name for source in reference_sources for name in source(story)),
    ]
    return list_entries_for(references)


def _due_from_provider(story: Story) -> int:
    payment = story.payment
    late = sum(one.taken_minor for one in story.late)
    return payment.captured_minor - payment.refunded_minor + late


def _sums(entries: Iterable[Entry]) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for entry in entries:
        code = entry.account.code
        sums[code] = sums.get(code, 0) + entry.amount_minor
    return sums


def _sent_and_open(story: Story) -> int:
    """Refunds that are booked and not over: what still waits for approval is not booked."""
    return sum(one.amount_minor for one in story.refunds if one.status in SENT_AND_OPEN)


def _movements(payment: Payment, entries: Sequence[Entry]) -> list[Movement]:
    groups = [list(group) for _pk, group in groupby(entries, key=lambda one: one.transfer_id)]
    owed = 0
    found = []
    for group in sorted(groups, key=_place):
        owed -= _sums(group).get(AccountCode.MERCHANT_PAYABLE, 0)
        lines = [_line(entry) for entry in group]
        found.append(Movement(group[0].transfer, lines, payment.money(owed)))
    return found


def _place(entries: Sequence[Entry]) -> tuple[datetime, int]:
    """What was booked together comes in the order of the chart: a capture before its fee."""
    transfer = entries[0].transfer
    return transfer.effective_at, TransferCode.values.index(transfer.code)


def _line(entry: Entry) -> Line:
    amount = abs(Money(entry.amount_minor, entry.currency))
    account = entry.account.get_code_display()
    if entry.amount_minor > 0:
        return Line(account, amount, None)
    return Line(account, None, amount)
