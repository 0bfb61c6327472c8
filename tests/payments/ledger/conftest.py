"""A book to write in: two owners' accounts, and Work for whoever wants to post."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from audit.actor import acting_as, system
from audit.command import command
from audit.work import Work
from payments.ledger import steps
from payments.ledger.chart import AccountCode, AccountRef, TransferCode, name_account
from payments.ledger.models import Transfer
from payments.ledger.money import Money
from payments.ledger.queries import get_database_now

R = TypeVar("R")
CLEARING = AccountCode.PROVIDER_CLEARING
PAYABLE = AccountCode.MERCHANT_PAYABLE
CARD = AccountCode.GIFT_CARD_LIABILITY


@command("tests.ledger")
def _run(work: Work, *, body: Callable[[Work], Any]) -> Any:
    return body(work)


def in_work(body: Callable[[Work], R]) -> R:
    """Run `body` as a command."""
    result: R = _run(body=body)
    return result


def wait_until_after(moment: datetime) -> None:
    deadline = time.monotonic() + 5
    while (get_database_now() or moment) <= moment + timedelta(milliseconds=2):
        assert time.monotonic() < deadline


class Book:
    """The accounts of one owner in euros, with the postings that tests want."""

    def __init__(self, currency: str = "EUR", *, is_live: bool = False) -> None:
        self.owner_id = uuid.uuid4()
        self.currency = currency
        self.is_live = is_live
        in_work(lambda work: steps.open_accounts(work, self.owner_id, currency))

    def account(self, code: AccountCode, holder: uuid.UUID | None = None) -> AccountRef:
        return name_account(self.owner_id, self.currency, code, holder, is_live=self.is_live)

    @property
    def twin(self) -> Book:
        """The same owner's book of the other mode."""
        book = Book.__new__(Book)
        book.owner_id, book.currency, book.is_live = self.owner_id, self.currency, not self.is_live
        return book

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def open_card(self, minor: int = 0) -> AccountRef:
        """A gift card; `minor` units are put on it in the same Work."""
        card = self.account(CARD, uuid.uuid4())

        def body(work: Work) -> None:
            assert card.holder is not None
            steps.open_guarded(
                work, self.owner_id, self.currency, CARD, card.holder, is_live=self.is_live
            )
            if minor:
                self.post_move(work, CLEARING, card, minor)

        in_work(body)
        return card

    def post_move(
        self,
        work: Work,
        debited: AccountCode | AccountRef,
        credited: AccountCode | AccountRef,
        minor: int,
    ) -> Transfer:
        lines = [
            steps.debit(self._named(debited), self.money(minor)),
            steps.credit(self._named(credited), self.money(minor)),
        ]
        reference = f"test:{uuid.uuid4()}"
        return steps.post(work, TransferCode.CORRECTION, reference, lines)

    def move(
        self, debited: AccountCode | AccountRef, credited: AccountCode | AccountRef, minor: int
    ) -> Transfer:
        return in_work(lambda work: self.post_move(work, debited, credited, minor))

    def _named(self, account: AccountCode | AccountRef) -> AccountRef:
        return account if isinstance(account, AccountRef) else self.account(account)


@pytest.fixture(autouse=True)
def _somebody_acts() -> Iterator[None]:
    with acting_as(system("test")):
        yield


@pytest.fixture
def book(db: None) -> Book:
    return Book()
