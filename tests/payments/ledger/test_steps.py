from __future__ import annotations

import uuid
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from audit import clock, guard
from audit.errors import KernelError, Refusal, WriteBlocked
from audit.models import LogEntry
from audit.work import Work
from payments.ledger import proofs, steps
from payments.ledger.chart import NAMESPACE, AccountCode, AccountRef, TransferCode, name_account
from payments.ledger.models import Account, Entry, Transfer
from payments.ledger.money import Money
from payments.ledger.queries import get_balance
from payments.ledger.steps import Line, credit, debit

from .conftest import CARD, CLEARING, PAYABLE, Book, in_work

CAPTURE = TransferCode.CAPTURE


def minor_of(account: AccountRef) -> int:
    return get_balance(account).signed.minor


def test_capture_debits_clearing_and_credits_what_is_owed(book: Book) -> None:
    transfer = in_work(
        lambda work: steps.post(
            work,
            CAPTURE,
            "capture:1",
            [
                debit(book.account(CLEARING), book.money(1000)),
                credit(book.account(PAYABLE), book.money(971)),
                credit(book.account(AccountCode.FEES), book.money(29)),
            ],
        )
    )
    entries = Entry.objects.filter(transfer=transfer).order_by("amount_minor")
    assert [(entry.account.code, entry.amount_minor) for entry in entries] == [
        (PAYABLE, -971),
        (AccountCode.FEES, -29),
        (CLEARING, 1000),
    ]
    assert minor_of(book.account(CLEARING)) == 1000
    assert get_balance(book.account(PAYABLE)).usual == book.money(971)


def test_transfer_says_why_what_for_and_when(book: Book) -> None:
    then = datetime(2025, 3, 1, 12, tzinfo=UTC)
    with clock.at(then):
        book.move(CLEARING, PAYABLE, 5)
    transfer = Transfer.objects.get()
    assert transfer.code == TransferCode.CORRECTION
    assert transfer.reference.startswith("test:")
    assert transfer.effective_at == then
    assert transfer.recorded_at.year >= 2026
    assert transfer.reverses is None


def test_posting_reads_nothing_and_costs_two_inserts(book: Book) -> None:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        book.move(CLEARING, PAYABLE, 5)
    statements = [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]
    assert [sql.split(" (")[0] for sql in statements] == [
        'INSERT INTO "ledger_transfer"',
        'INSERT INTO "ledger_entry"',
    ]


@pytest.mark.parametrize(
    "minors", [[], [5], [5, -4], [5, -5, 0]], ids=["none", "one", "off", "with a zero"]
)
def test_lines_that_make_no_transfer_are_refused(book: Book, minors: list[int]) -> None:
    lines = [Line(book.account(CLEARING), book.money(minor)) for minor in minors]
    with pytest.raises(KernelError):
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))
    assert not Transfer.objects.exists()
    assert not Entry.objects.exists()


def test_transfer_off_in_one_of_its_currencies_is_refused(book: Book) -> None:
    other = Book("USD")
    lines = [
        debit(book.account(CLEARING), book.money(5)),
        credit(other.account(CLEARING), other.money(5)),
    ]
    with pytest.raises(KernelError, match="off by"):
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))


def test_exchange_is_zero_in_each_currency(book: Book) -> None:
    other = Book("USD")
    lines = [
        debit(book.account(CLEARING), book.money(100)),
        credit(book.account(AccountCode.SUSPENSE), book.money(100)),
        debit(other.account(AccountCode.SUSPENSE), other.money(108)),
        credit(other.account(CLEARING), other.money(108)),
    ]
    in_work(lambda work: steps.post(work, TransferCode.CORRECTION, "exchange:1", lines))
    assert minor_of(other.account(CLEARING)) == -108


def test_money_of_another_currency_than_the_account_is_refused(book: Book) -> None:
    lines = [
        debit(book.account(CLEARING), Money(5, "USD")),
        credit(book.account(PAYABLE), Money(5, "USD")),
    ]
    with pytest.raises(KernelError, match="USD on an account of EUR"):
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))


@pytest.mark.parametrize("minor", [0, -1])
def test_debit_or_credit_of_nothing_is_refused(book: Book, minor: int) -> None:
    for side in (debit, credit):
        with pytest.raises(KernelError, match="positive"):
            side(book.account(CLEARING), book.money(minor))


def test_same_effect_is_booked_once(book: Book) -> None:
    lines = [
        debit(book.account(CLEARING), book.money(5)),
        credit(book.account(PAYABLE), book.money(5)),
    ]
    in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))
    with pytest.raises(IntegrityError):
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))
    in_work(lambda work: steps.post(work, TransferCode.CAPTURE_FEE, "capture:1", lines))
    assert minor_of(book.account(CLEARING)) == 10


def test_accounts_are_opened_once(book: Book) -> None:
    again = in_work(lambda work: steps.open_accounts(work, book.owner_id, "EUR"))
    assert again == []
    opened = Account.objects.filter(owner_id=book.owner_id)
    for is_live in (False, True):
        assert opened.filter(is_live=is_live).count() == len(AccountCode)


def test_one_name_is_another_account_in_each_mode(book: Book) -> None:
    here, there = book.account(CLEARING), book.twin.account(CLEARING)
    assert here.id != there.id
    book.move(CLEARING, PAYABLE, 5)
    book.twin.move(CLEARING, PAYABLE, 70)
    assert (minor_of(here), minor_of(there)) == (5, 70)


def test_name_of_a_test_account_has_stayed_what_it_was() -> None:
    owner = uuid.UUID(int=7)
    name = uuid.uuid5(NAMESPACE, f"{owner}:EUR:fees:")
    assert name_account(owner, "EUR", AccountCode.FEES, is_live=False).id == name


def test_test_money_and_live_money_in_one_transfer_are_refused(book: Book) -> None:
    lines = [
        debit(book.account(CLEARING), book.money(5)),
        credit(book.twin.account(PAYABLE), book.money(5)),
    ]
    with pytest.raises(KernelError, match="test money and live money"):
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))
    assert not Transfer.objects.exists()


def test_reversal_stays_in_the_mode_of_what_it_undoes(book: Book) -> None:
    live = book.twin
    transfer = live.move(CLEARING, PAYABLE, 70)
    in_work(lambda work: steps.reverse(work, transfer))
    assert minor_of(live.account(CLEARING)) == 0
    assert not Entry.objects.filter(account__is_live=False).exists()


def test_card_of_one_mode_is_not_there_in_the_other(book: Book) -> None:
    card = book.open_card(50)
    twin = name_account(book.owner_id, "EUR", CARD, card.holder, is_live=True)
    with pytest.raises(KernelError, match="not there"):
        book.twin.move(CLEARING, twin, 5)
    assert minor_of(card) == -50


def test_migration_opens_the_accounts_of_live_money_that_are_missing(book: Book) -> None:
    book.open_card(50)
    opened = Account.objects.filter(is_live=True)
    names = set(opened.values_list("pk", flat=True))
    migration = import_module("payments.ledger.migrations.0004_accounts_for_live_money")
    with guard.suspended():
        opened.order_by("pk")[0].delete()
        opened.filter(code=CLEARING).delete()
        for _ in range(2):
            migration.open_live(apps, None)
    assert set(opened.values_list("pk", flat=True)) == names
    assert list(proofs.prove_account_names()) == []


def test_accounts_of_no_currency_are_refused(book: Book) -> None:
    with pytest.raises(ValueError, match="currency"):
        in_work(lambda work: steps.open_accounts(work, book.owner_id, "ZZZ"))


def test_only_guarded_codes_have_holders(book: Book) -> None:
    with pytest.raises(ValueError, match="holder"):
        book.account(CLEARING, uuid.uuid4())
    with pytest.raises(KernelError, match="not guarded"):
        in_work(
            lambda work: steps.open_guarded(
                work, book.owner_id, "EUR", CLEARING, uuid.uuid4(), is_live=False
            )
        )


def test_line_on_a_guarded_account_moves_its_balance(book: Book) -> None:
    card = book.open_card()
    book.move(CLEARING, card, 50)
    book.move(card, PAYABLE, 20)
    assert Account.objects.get(pk=card.id).balance_minor == 30
    assert minor_of(card) == -30
    assert get_balance(card).usual == book.money(30)


def test_card_is_opened_and_loaded_in_one_work(book: Book) -> None:
    card = book.open_card(50)
    assert Account.objects.get(pk=card.id).balance_minor == 50


def test_taking_more_than_a_guarded_account_holds_is_refused(book: Book) -> None:
    card = book.open_card(50)
    with pytest.raises(Refusal) as refused:
        book.move(card, PAYABLE, 51)
    assert refused.value.code == "insufficient_balance"
    assert Account.objects.get(pk=card.id).balance_minor == 50
    assert minor_of(book.account(PAYABLE)) == 0


def test_taking_more_than_a_new_account_holds_is_refused(book: Book) -> None:
    def body(work: Work) -> None:
        card = book.account(CARD, uuid.uuid4())
        assert card.holder is not None
        steps.open_guarded(work, book.owner_id, "EUR", CARD, card.holder, is_live=False)
        book.post_move(work, CLEARING, card, 10)
        book.post_move(work, card, PAYABLE, 11)

    with pytest.raises(Refusal):
        in_work(body)
    assert not Account.objects.filter(guarded=True).exists()


def test_refusal_of_the_line_is_the_one_told(book: Book) -> None:
    card = book.open_card(5)
    empty = Refusal("card_empty", "The card is empty.")
    lines = [
        debit(card, book.money(6), empty),
        credit(book.account(PAYABLE), book.money(6)),
    ]
    with pytest.raises(Refusal) as refused:
        in_work(lambda work: steps.post(work, CAPTURE, "capture:1", lines))
    assert refused.value.code == "card_empty"


def test_guarded_account_that_was_never_opened_takes_no_entry(book: Book) -> None:
    with pytest.raises(KernelError, match="not there"):
        book.move(CLEARING, book.account(CARD, uuid.uuid4()), 5)


def test_reversal_is_the_mirror_image(book: Book) -> None:
    transfer = book.move(CLEARING, PAYABLE, 70)
    undone = in_work(lambda work: steps.reverse(work, transfer))
    assert undone.reverses_id == transfer.pk
    assert minor_of(book.account(CLEARING)) == 0
    assert minor_of(book.account(PAYABLE)) == 0


def test_transfer_is_reversed_once(book: Book) -> None:
    transfer = book.move(CLEARING, PAYABLE, 70)
    in_work(lambda work: steps.reverse(work, transfer))
    with pytest.raises(IntegrityError):
        in_work(lambda work: steps.reverse(work, transfer))
    assert minor_of(book.account(CLEARING)) == 0


def test_reversal_of_what_was_spent_meanwhile_is_refused(book: Book) -> None:
    card = book.open_card()
    loaded = book.move(CLEARING, card, 50)
    book.move(card, PAYABLE, 20)
    with pytest.raises(Refusal):
        in_work(lambda work: steps.reverse(work, loaded))
    assert Account.objects.get(pk=card.id).balance_minor == 30


def test_transfer_of_the_same_work_is_not_reversed(book: Book) -> None:
    with pytest.raises(KernelError, match="same Work"):
        in_work(lambda work: steps.reverse(work, book.post_move(work, CLEARING, PAYABLE, 5)))


def test_entries_are_their_own_record(book: Book) -> None:
    before = LogEntry.objects.count()
    book.move(CLEARING, PAYABLE, 5)
    assert LogEntry.objects.count() == before


def test_entry_is_never_changed_or_removed(book: Book) -> None:
    book.move(CLEARING, PAYABLE, 5)

    def change(work: Work) -> None:
        entry = work.load(Entry.objects.order_by("pk"))[0]
        work.change(entry, amount_minor=6)

    def remove(work: Work) -> None:
        work.remove(work.load(Entry.objects.order_by("pk"))[0])

    for body in (change, remove):
        with pytest.raises(KernelError, match="append-only"):
            in_work(body)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_entry SET amount_minor = 1",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transfer SET reference = 'x'",
        "UPDATE ledger_account SET balance_minor = 1",
    ],
)
def test_raw_sql_on_the_books_is_blocked(book: Book, sql: str) -> None:
    with pytest.raises(WriteBlocked), connection.cursor() as cursor:
        cursor.execute(sql)
    assert guard.blocked.pop()


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_transfer"])
def test_not_even_a_flush_changes_what_is_booked(book: Book, table: str) -> None:
    with pytest.raises(WriteBlocked), guard.flushing(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
    assert guard.blocked.pop() == f"DELETE FROM {table}"


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("ledger_account", "balance_minor = -1"),
        ("ledger_account", "guarded = NOT guarded"),
        ("ledger_entry", "amount_minor = 0"),
    ],
)
def test_database_itself_keeps_the_rules(book: Book, table: str, change: str) -> None:
    book.open_card(5)
    with pytest.raises(IntegrityError), guard.suspended(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")


def test_derived_account_has_no_balance_of_its_own(book: Book) -> None:
    pk: Any = book.account(CLEARING).id
    with pytest.raises(IntegrityError), guard.suspended():
        Account.objects.filter(pk=pk).update(balance_minor=1)
