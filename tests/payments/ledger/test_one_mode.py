"""A transfer is of one mode. The commands see to it first; the database has the last word."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import clock, guard
from payments.ledger.chart import TransferCode
from payments.ledger.models import Account, Entry, Transfer

from .conftest import CLEARING, PAYABLE, Book

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def book(transactional_db: None) -> Book:
    return Book()


def write(
    book: Book, transfer: bool, debited: tuple[bool, bool], credited: tuple[bool, bool]
) -> None:
    """Past the commands: of which mode a transfer says it is; of which an entry says it is, and of
    which its account is."""
    books = {book.is_live: book, not book.is_live: book.twin}
    legs = ((CLEARING, 100, *debited), (PAYABLE, -100, *credited))
    with guard.suspended(), transaction.atomic():
        made = Transfer.objects.create(
            code=TransferCode.CORRECTION,
            reference=f"test:{uuid.uuid4()}",
            is_live=transfer,
            effective_at=clock.now(),
            command_id=uuid.uuid4(),
        )
        for code, minor, said, real in legs:
            Entry.objects.create(
                transfer=made,
                account_id=books[real].account(code).id,
                is_live=said,
                amount_minor=minor,
                currency="EUR",
            )


TEST, LIVE = False, True
HONEST_TEST, HONEST_LIVE = (TEST, TEST), (LIVE, LIVE)


@pytest.mark.parametrize("mode", [TEST, LIVE])
def test_transfer_of_one_mode_is_written(book: Book, mode: bool) -> None:
    write(book, mode, (mode, mode), (mode, mode))
    assert Entry.objects.filter(is_live=mode).count() == 2


@pytest.mark.parametrize(
    ("transfer", "debited", "credited"),
    [
        (TEST, HONEST_TEST, HONEST_LIVE),
        (LIVE, HONEST_TEST, HONEST_LIVE),
        (TEST, HONEST_TEST, (TEST, LIVE)),
        (LIVE, HONEST_LIVE, (LIVE, TEST)),
        (TEST, (LIVE, TEST), (LIVE, TEST)),
        (LIVE, HONEST_TEST, HONEST_TEST),
        (TEST, HONEST_LIVE, HONEST_LIVE),
    ],
)
def test_mixed_transfer_past_the_commands_is_refused_by_the_database(
    book: Book, transfer: bool, debited: tuple[bool, bool], credited: tuple[bool, bool]
) -> None:
    with pytest.raises(IntegrityError):
        write(book, transfer, debited, credited)
    assert not Transfer.objects.exists()
    assert not Entry.objects.exists()


def move_account(book: Book) -> tuple[str, uuid.UUID]:
    return "UPDATE ledger_account SET is_live = NOT is_live WHERE id = %s", book.account(PAYABLE).id


def move_transfer(_book: Book) -> tuple[str, uuid.UUID]:
    return "UPDATE ledger_transfer SET is_live = NOT is_live WHERE id = %s", only_transfer()


def move_entry(_book: Book) -> tuple[str, uuid.UUID]:
    entry = Entry.objects.filter(transfer_id=only_transfer()).order_by("pk")[0]
    return "UPDATE ledger_entry SET is_live = NOT is_live WHERE id = %s", entry.pk


def lose_account(book: Book) -> tuple[str, uuid.UUID]:
    return "DELETE FROM ledger_account WHERE id = %s", book.account(PAYABLE).id


def lose_transfer(_book: Book) -> tuple[str, uuid.UUID]:
    return "DELETE FROM ledger_transfer WHERE id = %s", only_transfer()


def only_transfer() -> uuid.UUID:
    return Transfer.objects.get().pk


@pytest.mark.parametrize(
    "harm", [move_account, move_transfer, move_entry, lose_account, lose_transfer]
)
def test_what_is_booked_stays_in_its_mode_and_keeps_what_it_names(
    book: Book, harm: Callable[[Book], tuple[str, uuid.UUID]]
) -> None:
    book.move(CLEARING, PAYABLE, 10)
    sql, pk = harm(book)
    stored = Account._meta.pk.get_db_prep_value(pk, connection)
    with pytest.raises(DatabaseError), guard.suspended(), transaction.atomic():
        connection.cursor().execute(sql, [stored])
    assert Entry.objects.filter(is_live=book.is_live).count() == 2


def test_entry_of_an_account_that_was_never_opened_is_refused(book: Book) -> None:
    account = book.account(PAYABLE).id
    with guard.suspended():
        Account.objects.filter(pk=account).delete()
    with pytest.raises(IntegrityError):
        write(book, TEST, HONEST_TEST, HONEST_TEST)


@pytest.mark.parametrize("is_live", [TEST, LIVE])
def test_posting_costs_what_it_did(transactional_db: None, is_live: bool) -> None:
    book = Book(is_live=is_live)
    with CaptureQueriesContext(connection) as queries:
        transfer = book.move(CLEARING, PAYABLE, 10)
    about = [one["sql"] for one in queries if "ledger_" in one["sql"]]
    assert [one.split(" (")[0].replace('"', "") for one in about] == [
        "INSERT INTO ledger_transfer",
        "INSERT INTO ledger_entry",
    ]
    assert {transfer.is_live, *transfer.entries.values_list("is_live", flat=True)} == {is_live}


INDEXES = {
    "ledger_transfer": {("id", "is_live"), ("reference", "code"), ("reverses_id",)},
    "ledger_entry": {("account_id", "recorded_at", "id"), ("transfer_id",), ("account_id",)},
}
"""The last is an engine's own, for a foreign key that nothing led when its table was made."""


@pytest.mark.parametrize("table", INDEXES)
def test_rows_are_in_no_more_indexes_than_they_were(transactional_db: None, table: str) -> None:
    with connection.cursor() as cursor:
        known = connection.introspection.get_constraints(cursor, table).values()
    found = {
        tuple(one["columns"])
        for one in known
        if (one["index"] or one["unique"]) and not one["primary_key"]
    }
    assert found <= INDEXES[table]
