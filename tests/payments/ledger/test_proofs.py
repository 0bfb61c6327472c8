from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit import guard
from payments.ledger import proofs
from payments.ledger.commands import roll_up_balances
from payments.ledger.models import Account, Entry, Rollup

from .conftest import CLEARING, PAYABLE, Book, wait_until_after


def falsify(sql: str, *params: Any) -> None:
    """What somebody with the database's password could do."""
    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount == 1


def without_the_last_word() -> None:
    """As if the database did not hold an entry to the mode of its account. On SQLite it does so at
    COMMIT, where a test must have put right what it falsified."""
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_of_account")


def key(pk: Any) -> Any:
    return Account._meta.pk.get_db_prep_value(pk, connection)


def prove(*flags: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("prove", *flags, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def busy_book(book: Book) -> Book:
    book.move(CLEARING, PAYABLE, 10)
    card = book.open_card(50)
    book.move(card, PAYABLE, 20)
    return book


def test_right_books_are_proved(busy_book: Book) -> None:
    roll_up_balances(settled_after=timedelta(seconds=-5))
    status, told = prove()
    assert status == 0
    assert "ledger: each transfer is zero (3)" in told
    assert "OFF" not in told


def test_entries_after_a_roll_up_are_not_held_against_it(busy_book: Book) -> None:
    roll_up_balances(settled_after=timedelta(0), limit=1000)
    wait_until_after(Rollup.objects.order_by("-through_at")[0].through_at)
    busy_book.move(CLEARING, PAYABLE, 7)
    assert prove()[0] == 0


def test_falsified_entry_is_named_by_its_transfer(busy_book: Book) -> None:
    entry = Entry.objects.filter(account_id=busy_book.account(PAYABLE).id).first()
    assert entry is not None
    falsify("UPDATE ledger_entry SET amount_minor = -11 WHERE id = %s", key(entry.pk))
    status, told = prove()
    assert status == 1
    assert f"transfer {entry.transfer_id}: off by" in told
    assert "test EUR: debits and credits differ by" in told


def test_entry_that_was_removed_is_named_by_its_transfer(busy_book: Book) -> None:
    entry = Entry.objects.filter(account_id=busy_book.account(PAYABLE).id).first()
    assert entry is not None
    falsify("DELETE FROM ledger_entry WHERE id = %s", key(entry.pk))
    assert f"transfer {entry.transfer_id}: has too few entries" in prove()[1]


def test_falsified_guarded_balance_is_named(busy_book: Book) -> None:
    card = Account.objects.get(guarded=True)
    falsify("UPDATE ledger_account SET balance_minor = 31 WHERE id = %s", key(card.pk))
    status, told = prove()
    assert status == 1
    assert f"account {card.pk}: holds 31, its entries say 30" in told


def test_falsified_currency_is_named(busy_book: Book) -> None:
    entry = Entry.objects.order_by("pk")[0]
    falsify("UPDATE ledger_entry SET currency = 'USD' WHERE id = %s", key(entry.pk))
    assert f"entry {entry.pk}: USD on an account of EUR" in prove()[1]


def test_falsified_roll_up_is_named(busy_book: Book) -> None:
    roll_up_balances(settled_after=timedelta(seconds=-5))
    base = Rollup.objects.get(account_id=busy_book.account(PAYABLE).id)
    falsify("UPDATE ledger_rollup SET balance_minor = -99 WHERE id = %s", key(base.pk))
    told = prove()[1]
    assert f"roll-up of account {base.account_id}: -99, its entries say -30" in told


def test_account_under_another_name_is_named(busy_book: Book) -> None:
    pk = busy_book.account(CLEARING).id
    falsify("UPDATE ledger_account SET code = 'bank' WHERE id = %s", key(pk))
    assert f"account {pk}: its name says" in prove()[1]


def test_account_moved_to_the_other_mode_is_named(busy_book: Book) -> None:
    without_the_last_word()
    pk = busy_book.account(CLEARING).id
    falsify("UPDATE ledger_account SET is_live = %s WHERE id = %s", True, key(pk))
    assert f"account {pk}: its name says" in prove()[1]
    falsify("UPDATE ledger_account SET is_live = %s WHERE id = %s", False, key(pk))


def test_transfer_that_mixes_test_and_live_money_is_named(busy_book: Book) -> None:
    entry = Entry.objects.filter(account_id=busy_book.account(PAYABLE).id).first()
    assert entry is not None
    without_the_last_word()
    there, move = busy_book.twin.account(PAYABLE).id, "SET account_id = %s WHERE id = %s"
    falsify(f"UPDATE ledger_entry {move}", key(there), key(entry.pk))
    told = prove()[1]
    falsify(f"UPDATE ledger_entry {move}", key(entry.account_id), key(entry.pk))
    assert f"transfer {entry.transfer_id}: mixes test money and live money" in told
    assert "live EUR: debits and credits differ by" in told


def test_proofs_are_told_to_machines(busy_book: Book) -> None:
    status, told = prove("--json")
    result = json.loads(told)
    assert status == 0
    assert result["holds"] is True
    names = {one["name"]: one for one in result["proofs"]}
    assert names["ledger: guarded balances equal their entries"]["looked_at"] == 1
    card = Account.objects.get(guarded=True)
    falsify("UPDATE ledger_account SET balance_minor = 31 WHERE id = %s", key(card.pk))
    status, told = prove("--json")
    assert status == 1
    assert json.loads(told)["holds"] is False


def test_each_proof_is_one_statement(busy_book: Book, django_assert_num_queries: Any) -> None:
    for proof in (
        proofs.prove_trial_balance,
        proofs.prove_transfers_are_zero,
        proofs.prove_entries_of_transfers,
        proofs.prove_modes,
        proofs.prove_currencies,
        proofs.prove_account_names,
        proofs.prove_guarded,
        proofs.prove_rollups,
    ):
        with django_assert_num_queries(1):
            assert list(proof()) == []
