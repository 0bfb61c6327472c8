"""The money of a payment as the ledger has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry, Transfer
from payments.ledger.money import Money
from payments.ledger.queries import list_entries_for
from payments.queries.payments import Story


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: exactly one of `debit` and `credit` is given."""

    account: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer with its lines, debits first."""

    transfer: Transfer
    lines: Sequence[Line]


def list_movements(story: Story) -> list[Movement]:
    """The transfers of a payment's captures and refunds, oldest first. One SELECT or none."""
    references = [
        *(f"capture:{capture.pk}" for capture in story.captures),
        *(f"refund:{refund.pk}" for refund in story.refunds),
    ]
    if not references:
        return []
    groups = groupby(list_entries_for(references), key=lambda entry: entry.transfer_id)
    movements = [_movement(list(entries)) for _transfer_id, entries in groups]
    return sorted(movements, key=_place)


def _place(movement: Movement) -> tuple[datetime, int]:
    """What was booked together comes in the order of the chart: a capture before its fee."""
    transfer = movement.transfer
    return transfer.effective_at, TransferCode.values.index(transfer.code)


def _movement(entries: Sequence[Entry]) -> Movement:
    return Movement(entries[0].transfer, [_line(entry) for entry in entries])


def _line(entry: Entry) -> Line:
    amount = abs(Money(entry.amount_minor, entry.currency))
    account = entry.account.get_code_display()
    if entry.amount_minor > 0:
        return Line(account, amount, None)
    return Line(account, None, amount)
