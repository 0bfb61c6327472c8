"""What the search box finds, by which index, in how many statements."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import clock
from audit.actor import Actor, ActorKind
from audit.search import MOST, Found, Group, kinds, search
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, Refund
from payments.parties.models import CardReference, Customer
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, new_payment, requested_refund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

NOON = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
LOOK = frozenset({"payments.view_payment", "parties.view_customer"})
AGENT = Actor(ActorKind.USER, "U-1", user_id=uuid.uuid4(), permissions=LOOK)
BIG = ("payments_payment", "payments_attempt", "payments_capture", "payments_refund")
BIG_PARTIES = ("parties_customer", "parties_cardreference", "audit_subjectkey")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    """A captured payment with a refund on its way; another one beside it."""
    with clock.at(NOON):
        made = captured_payment(eur(12_34), order_reference="ORD-77")
        requested_refund(made, eur(1_00))
    with clock.at(NOON - timedelta(hours=1)):
        captured_payment(eur(55_00), order_reference="ORD-78")
    return made


def customer_of(payment: Payment) -> Customer:
    assert payment.customer is not None
    return payment.customer


def found(term: str, actor: Actor = AGENT, *, is_live: bool = False) -> Found:
    return search(term, actor, is_live=is_live)


def hits(term: str) -> dict[str, list[str]]:
    """What each kind found, by reference."""
    return {one.kind.code: [str(hit.obj) for hit in one.hits] for one in found(term).shown}


def test_payment_is_found_by_its_reference_however_it_is_typed(payment: Payment) -> None:
    for term in (payment.reference, payment.reference.lower(), payment.reference.replace("-", "")):
        assert hits(term) == {"payment_reference": [payment.reference]}
        the_one = found(term).the_one
        assert the_one is not None
        assert the_one.url == f"/payments/{payment.pk}/"


def test_payment_is_found_by_the_reference_of_its_refund(payment: Payment) -> None:
    refund = Refund.objects.get(payment=payment)
    assert hits(refund.reference) == {"refund_reference": [payment.reference]}


def test_payment_is_found_by_what_the_provider_calls_any_of_its_rows(payment: Payment) -> None:
    refund = builders.answer_refund(Refund.objects.get(payment=payment), arn="74" + "1" * 21)
    attempt, capture = (model.objects.get(payment=payment) for model in (Attempt, Capture))
    rows = (attempt.provider_reference, capture.provider_reference, refund.provider_reference)
    for term in (*rows, refund.arn):
        assert hits(term)["provider_reference"] == [payment.reference], term


def test_payment_is_found_by_the_id_of_any_of_its_rows(payment: Payment) -> None:
    rows: list[Any] = [
        payment,
        *(m.objects.get(payment=payment) for m in (Attempt, Capture, Refund)),
    ]
    for row in rows:
        for term in (str(row.pk), row.pk.hex.upper()):
            assert hits(term) == {"payment_id": [payment.reference]}


def test_payment_is_found_by_its_order_in_either_case(payment: Payment) -> None:
    assert hits("ORD-77") == hits("ord-77") == {"order_reference": [payment.reference]}
    assert hits("ORD-7") == {}


def test_payments_are_found_by_amount_in_each_currency_that_is_taken(payment: Payment) -> None:
    merchant = builders.make_merchant()
    dollars = new_payment(Money(12_34, "USD"), merchant=merchant)
    yen = new_payment(Money(1_234, "JPY"), merchant=merchant)
    assert hits("12.34") == {"amount": [dollars.reference, payment.reference]}
    assert hits("12,34 EUR") == {"amount": [payment.reference]}
    assert hits("1234 JPY") == {"amount": [yen.reference]}
    assert yen.reference in hits("1,234")["amount"]


def test_payments_are_found_by_card_with_amount_or_day(payment: Payment) -> None:
    with clock.at(NOON + timedelta(days=1)):
        later = captured_payment(eur(12_34))
    both = [later.reference, payment.reference]
    assert hits("0077 12.34") == {"card_and_amount": both}
    assert hits("0077 2026-03-12") == {"card_and_day": [later.reference]}
    assert payment.reference in hits("0077 11.3.2026")["card_and_day"]
    assert hits("0078 12.34") == {}


def test_card_alone_shows_the_latest_and_asks_for_more(payment: Payment) -> None:
    group = found("0077").shown[0]
    assert str(group.hits[0].obj) == payment.reference
    assert "Add an amount or a date" in str(group.kind.advice)


def test_payment_tried_twice_with_one_card_is_found_once() -> None:
    payment = builders.answer_attempt(new_payment(eur(12_34)), "declined", decline_code="lost_card")
    card = CardReference.objects.get()
    from payments.commands.payments import retry_payment

    retry_payment(payment_id=payment.pk, card_id=card.pk, key=builders.new_key())
    assert hits("0077") == {"card": [payment.reference]}
    assert hits("0077 12.34") == {"card_and_amount": [payment.reference]}


def test_customer_is_found_by_reference_email_phone_and_id(payment: Payment) -> None:
    customer = customer_of(payment)
    alike = sorted(Customer.objects.values_list("reference", flat=True))
    assert hits(customer.reference.lower()) == {"customer_reference": [customer.reference]}
    assert hits(str(customer.pk)) == {"customer_id": [customer.reference]}
    for term in ("Odile.Fontane@EXAMPLE.test", " odile.fontane@example.test"):
        assert sorted(hits(term)["customer_email"]) == alike
    for term in ("+33 1 99 00 12 34", "0033199001234", "33 1.99.00.12.34"):
        assert sorted(hits(term)["customer_phone"]) == alike


def test_term_that_fits_two_kinds_shows_both() -> None:
    by_amount = new_payment(eur(4242_00))
    by_order = new_payment(eur(1_00), order_reference="4242")
    result = found("4242")
    assert hits("4242") == {
        "order_reference": [by_order.reference],
        "amount": [by_amount.reference],
    }
    assert result.the_one is None


def test_amount_alone_never_jumps_to_a_payment() -> None:
    new_payment(eur(4242_00))
    assert len(found("4242.00").hits) == 1
    assert found("4242.00").the_one is None


def test_two_kinds_that_lead_to_one_page_jump_there() -> None:
    payment = new_payment(eur(4242_00), order_reference="4242")
    the_one = found("4242").the_one
    assert the_one is not None
    assert the_one.obj == payment


def test_group_shows_twenty_and_says_that_there_are_more() -> None:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    parties = {"merchant": merchant, "customer": customer}
    parties["card"] = builders.make_card(merchant, customer)
    made = []
    for hour in range(MOST + 1):
        with clock.at(NOON + timedelta(hours=hour)):
            made.append(new_payment(eur(9_99), order_reference="sub", **parties))
    newest = [one.reference for one in reversed(made)][:MOST]
    for term in ("9.99", "sub", "0077", "0077 9.99"):
        (group,) = found(term).shown
        assert [str(hit.obj) for hit in group.hits] == newest, term
        assert group.has_more
    Payment.objects.order_by("created_at")
    assert len(hits("9.99 USD")) == 0


def test_nobody_finds_what_he_may_not_see(payment: Payment) -> None:
    officer = replace(AGENT, permissions=frozenset({"parties.view_customer"}))
    assert found(payment.reference, officer).groups == []
    assert found("odile.fontane@example.test", officer).hits
    stranger = replace(AGENT, permissions=frozenset())
    assert found("odile.fontane@example.test", stranger).asked == []


STATEMENTS = {
    "payment_reference": 1,
    "refund_reference": 2,
    "payment_id": 2,
    "provider_reference": 2,
    "order_reference": 2,
    "card_and_amount": 3,
    "card_and_day": 2,
    "card": 2,
    "amount": 3,
    "customer_reference": 2,
    "customer_email": 2,
    "customer_phone": 2,
    "customer_id": 2,
}
"""So many SELECTs each kind takes when it finds something."""


def example_of(code: str, payment: Payment) -> str:
    customer = customer_of(payment)
    return {
        "payment_reference": payment.reference,
        "refund_reference": Refund.objects.get(payment=payment).reference,
        "payment_id": str(payment.pk),
        "provider_reference": Attempt.objects.get(payment=payment).provider_reference,
        "order_reference": "ORD-77",
        "card_and_amount": "0077 12.34",
        "card_and_day": "0077 2026-03-11",
        "card": "0077",
        "amount": "12.34",
        "customer_reference": customer.reference,
        "customer_email": "odile.fontane@example.test",
        "customer_phone": "+33 1 99 00 12 34",
        "customer_id": str(customer.pk),
    }[code]


def look(code: str, term: str) -> tuple[Group, list[str]]:
    """What one kind finds, and the SELECTs it took."""
    kind = kinds[code]
    with CaptureQueriesContext(connection) as queries:
        found_hits = list(kind.find(kind.read(term), MOST + 1, False))
    return Group(kind, found_hits), [one["sql"] for one in queries]


def seem_big() -> None:
    """Have PostgreSQL plan as for 100,000 rows a page: for a few, one index is as good as another."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        for table in (*BIG, *BIG_PARTIES):
            cursor.execute(
                "SELECT pg_restore_relation_stats('schemaname', current_schema()::text,"
                " 'relname', %s, 'relpages', 1, 'reltuples', 100000::real)",
                [table],
            )


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return "\n".join(row[3] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("code", sorted(STATEMENTS))
def test_kind_finds_by_its_index_in_a_fixed_number_of_statements(
    code: str, payment: Payment
) -> None:
    group, statements = look(code, example_of(code, payment))
    assert group.hits
    assert len(statements) == STATEMENTS[code]
    seem_big()
    plans = "\n".join(plan_of(sql) for sql in statements)
    whole = re.compile(rf"(?:SCAN|Seq Scan on) ({'|'.join((*BIG, *BIG_PARTIES))})\b(?! USING)")
    assert whole.findall(plans) == [], plans
    assert " LIKE " not in " ".join(statements).upper()
    assert "COUNT(" not in " ".join(statements).upper()
    for name in group.kind.index.split(", "):
        if name in indexes_of_models():
            assert name in plans, plans


def indexes_of_models() -> set[str]:
    every: list[type[models.Model]] = [Payment, Attempt, Capture, Refund, Customer, CardReference]
    return {index.name for model in every for index in model._meta.indexes}


def test_every_kind_is_counted_and_planned_above() -> None:
    assert set(STATEMENTS) == {code for code in kinds if kinds[code].permission in LOOK}


def test_each_kind_names_an_index_that_the_database_has() -> None:
    known: set[str] = set()
    with connection.cursor() as cursor:
        for model in (Payment, Attempt, Capture, Refund, Customer):
            table = model._meta.db_table
            known |= set(connection.introspection.get_constraints(cursor, table))
    constraints = {
        one.name
        for model in (Payment, Attempt, Capture, Refund, Customer)
        for one in model._meta.constraints
    }
    for kind in kinds.values():
        if kind.permission not in LOOK:
            continue
        for name in kind.index.split(", "):
            generated = name.endswith(("_pkey", "provider_reference"))
            assert generated or name in known | constraints, name


def test_slow_kind_is_left_out_in_words_and_the_others_are_shown(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_key: Any, _limit: int, _is_live: bool) -> list[Any]:
        raise OperationalError("interrupted")

    monkeypatch.setitem(kinds, "amount", replace(kinds["amount"], find=wait))
    new_payment(eur(1_00), order_reference="12.34")
    result = found("12.34")
    assert [one.kind.code for one in result.slow] == ["amount"]
    assert [one.kind.code for one in result.shown] == ["order_reference"]
    assert result.the_one is None


def test_failing_kind_is_left_out_in_words(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_key: Any, _limit: int, _is_live: bool) -> list[Any]:
        raise OperationalError("the server is gone")

    for code in ("payment_reference", "order_reference"):
        monkeypatch.setitem(kinds, code, replace(kinds[code], find=fail))
    result = found(payment.reference)
    assert [one.kind.code for one in result.failed] == ["payment_reference", "order_reference"]
    assert result.hits == []


def test_time_that_is_over_begins_no_other_kind(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.search.SEARCH_S", -1.0)
    result = found("12.34")
    assert {one.kind.code for one in result.slow} == {"amount", "order_reference"}
