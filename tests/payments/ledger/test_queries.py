from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from audit.errors import Kind, Refusal
from payments.ledger import queries, steps, tasks
from payments.ledger.chart import AccountCode, TransferCode
from payments.ledger.commands import roll_up_balances
from payments.ledger.models import Entry, Rollup

from .conftest import CLEARING, PAYABLE, Book, in_work, wait_until_after

NO_WAIT = timedelta(seconds=-5)
"""A horizon in the future: everything is settled."""


def fold() -> None:
    roll_up_balances(settled_after=NO_WAIT, limit=1000)


def test_balance_of_an_unknown_account_is_missing(book: Book) -> None:
    with pytest.raises(Refusal) as refused:
        queries.get_balance(uuid.uuid4())
    assert refused.value.kind is Kind.MISSING


def test_balance_is_the_same_before_and_after_it_is_rolled_up(book: Book) -> None:
    account = book.account(CLEARING)
    for minor in (10, 20, 30):
        book.move(CLEARING, PAYABLE, minor)
    book.move(PAYABLE, CLEARING, 5)
    assert queries.get_balance(account).signed.minor == 55
    fold()
    assert Rollup.objects.get(account_id=account.id).balance_minor == 55
    assert queries.get_balance(account).signed.minor == 55
    fold()
    assert Rollup.objects.get(account_id=account.id).balance_minor == 55


def test_entries_after_the_roll_up_are_added_to_it(book: Book) -> None:
    account = book.account(CLEARING)
    book.move(CLEARING, PAYABLE, 10)
    roll_up_balances(settled_after=timedelta(0))
    horizon = Rollup.objects.get(account_id=account.id).through_at
    assert horizon >= Entry.objects.filter(account_id=account.id).get().recorded_at
    wait_until_after(horizon)
    book.move(CLEARING, PAYABLE, 7)
    assert queries.get_balance(account).signed.minor == 17
    fold()
    assert Rollup.objects.get(account_id=account.id).balance_minor == 17


def test_entry_at_the_moment_of_the_roll_up_is_counted_once(book: Book) -> None:
    account = book.account(CLEARING)
    book.move(CLEARING, PAYABLE, 10)
    moment = Entry.objects.get(account_id=account.id).recorded_at
    base = Rollup(account_id=account.id, through_at=moment, balance_minor=10)
    in_work(lambda work: work.add(base))
    assert queries.get_balance(account).signed.minor == 10


def test_entries_that_are_not_settled_stay_out_of_the_roll_up(book: Book) -> None:
    book.move(CLEARING, PAYABLE, 10)
    tasks.roll_up_balances()
    assert not Rollup.objects.exists()


def test_roll_up_goes_through_all_accounts(book: Book) -> None:
    for _ in range(3):
        other = Book()
        other.move(CLEARING, PAYABLE, 10)
    after = roll_up_balances(settled_after=NO_WAIT, limit=7)
    while after is not None:
        after = roll_up_balances(settled_after=NO_WAIT, limit=7, after=after)
    assert Rollup.objects.count() == 6


def test_rolled_up_balance_costs_one_query(
    book: Book, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    card = book.open_card(5)
    fold()
    with django_assert_num_queries(1):
        assert queries.get_balance(book.account(CLEARING)).signed.minor == 5
    with django_assert_num_queries(1):
        assert queries.get_balance(card).usual.minor == 5
    with django_assert_num_queries(2):
        assert len(queries.list_balances(book.owner_id, is_live=False)) == len(AccountCode)


def test_balances_of_an_owner_are_his_alone(book: Book) -> None:
    other = Book()
    other.move(CLEARING, PAYABLE, 99)
    book.move(CLEARING, PAYABLE, 10)
    book.twin.move(CLEARING, PAYABLE, 7)
    found = queries.list_balances(book.owner_id, is_live=False)
    balances = {one.account.code: one.usual.minor for one in found}
    assert balances[CLEARING] == 10
    assert balances[PAYABLE] == 10
    live = queries.list_balances(book.owner_id, is_live=True)
    assert {one.account.code: one.usual.minor for one in live}[CLEARING] == 7
    assert queries.list_balances(book.owner_id, "USD", is_live=False) == []


def test_entries_are_found_by_reference(book: Book) -> None:
    def post(reference: str, minor: int) -> None:
        lines = [
            steps.debit(book.account(CLEARING), book.money(minor)),
            steps.credit(book.account(PAYABLE), book.money(minor)),
        ]
        in_work(lambda work: steps.post(work, TransferCode.CAPTURE, reference, lines))

    for number, reference in enumerate(["capture:1", "capture:2", "capture:3"], start=1):
        post(reference, number)
    found = queries.list_entries_for(["capture:1", "capture:3", "capture:9"])
    assert [(one.transfer.reference, one.amount_minor) for one in found] == [
        ("capture:1", 1),
        ("capture:1", -1),
        ("capture:3", 3),
        ("capture:3", -3),
    ]


def test_statement_pages_show_each_entry_once(book: Book) -> None:
    for minor in range(1, 12):
        book.move(CLEARING, PAYABLE, minor)
    at_once = [steps.debit(book.account(CLEARING), book.money(minor)) for minor in range(12, 22)]
    paid = steps.credit(book.account(PAYABLE), book.money(sum(range(12, 22))))
    in_work(lambda work: steps.post(work, TransferCode.CAPTURE, "capture:1", [*at_once, paid]))
    seen: list[int] = []
    page = queries.list_statement(book.account(CLEARING), limit=4)
    while page:
        seen += [entry.amount_minor for entry in page]
        page = queries.list_statement(book.account(CLEARING), after=page[-1].pk, limit=4)
    assert sorted(seen) == list(range(1, 22))


def test_trial_balance_is_told_by_mode_and_currency(book: Book) -> None:
    other = Book("JPY")
    book.move(CLEARING, PAYABLE, 10)
    book.twin.move(CLEARING, PAYABLE, 3)
    other.move(CLEARING, PAYABLE, 700)
    rows = [
        (row.is_live, row.currency, row.debits_minor, row.credits_minor)
        for row in queries.trial_balance()
    ]
    assert rows == [(False, "EUR", 10, -10), (False, "JPY", 700, -700), (True, "EUR", 3, -3)]
    assert all(row.difference_minor == 0 for row in queries.trial_balance())
