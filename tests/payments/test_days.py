"""The totals of days: what they say, that late changes reach them, and that a proof watches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from audit import clock, guard
from audit.actor import acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.models import LogEntry
from payments.commands.corrections import correct_payment
from payments.commands.days import complete_days, follow_changes
from payments.commands.payments import record_authorization_lost
from payments.ledger.money import Money
from payments.models import Attempt, DaysProgress, DayTotals, Payment, RefundReason
from payments.proofs import days_off
from payments.queries.days import (
    APPROVED,
    DECLINED,
    OPEN,
    Span,
    Totals,
    add_up,
    followed_events,
    list_changed_days,
    list_kept,
    list_top_merchants,
    span_of,
    totals_of,
)
from payments.states import UNTRIED
from payments.tasks.days import add_up_days
from tests.audit.people import as_actor, hire
from tests.payments import builders
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    authorized_payment,
    captured_payment,
    eur,
    new_payment,
    requested_refund,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
TODAY = datetime.now(UTC).date()
BEFORE = TODAY - timedelta(days=1)


@pytest.fixture
def parties() -> dict[str, Any]:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    return {
        "merchant": merchant,
        "customer": customer,
        "card": builders.make_card(merchant, customer),
    }


def noon(days_ago: int) -> datetime:
    moment = datetime.combine(TODAY, datetime.min.time(), tzinfo=UTC)
    return moment - timedelta(days=days_ago) + timedelta(hours=12)


def kept() -> dict[tuple[date, str], Totals]:
    return {(row.day, row.currency): totals_of(row) for row in DayTotals.objects.all()}


def test_totals_of_a_day_say_what_became_of_its_payments(parties: dict[str, Any]) -> None:
    with clock.at(noon(1)):
        captured_payment(eur(10_000), **parties)
        authorized_payment(eur(500), **parties)
        answer_attempt(new_payment(eur(70), **parties), "declined", decline_code="05")
        new_payment(eur(3), **parties)
        captured_payment(Money(900, "JPY"), **parties)
        back = captured_payment(eur(2_000), **parties)
        answer_refund(requested_refund(back, eur(1_500)))
    add_up_days()
    assert kept() == {
        (BEFORE, "EUR"): Totals(
            taken=5,
            taken_minor=12_573,
            approved=3,
            approved_minor=12_500,
            declined=1,
            captured=2,
            captured_minor=12_000,
            refunded=1,
            refunded_minor=1_500,
        ),
        (BEFORE, "JPY"): Totals(1, 900, 1, 900, 0, 1, 900, 0, 0),
    }
    assert list_kept(BEFORE, TODAY, is_live=False)[1][0] == (BEFORE, "EUR", kept()[BEFORE, "EUR"])


def test_every_state_of_a_payment_is_approved_declined_or_open() -> None:
    assert sorted([*APPROVED, *DECLINED, *OPEN, *UNTRIED]) == sorted(Payment.Status)


def test_approval_rate_is_of_what_was_decided() -> None:
    assert Totals(taken=10, approved=3, declined=1).approval_rate == 0.75
    assert Totals(taken=2).approval_rate is None


def test_today_is_not_kept_but_read(parties: dict[str, Any]) -> None:
    captured_payment(eur(100), **parties)
    add_up_days()
    assert kept() == {}
    now = datetime.now(UTC)
    spans = [Span("today", now - timedelta(minutes=5), now), Span("then", now, now)]
    assert [(one.span, one.totals.taken) for one in add_up(spans, is_live=False)] == [("today", 1)]


def test_live_payments_and_tests_of_one_merchant_are_never_added_up_together() -> None:
    merchant = builders.make_merchant(is_live=True)
    taken: list[Payment] = []
    for minor, is_live in ((70, False), (1_000, True), (30, False)):
        customer = builders.make_customer(merchant, is_live=is_live)
        card = builders.make_card(merchant, customer, is_live=is_live)
        parties = {"merchant": merchant, "customer": customer, "card": card, "is_live": is_live}
        with clock.at(noon(1)):
            taken.append(captured_payment(eur(minor), **parties))
        captured_payment(eur(minor + 1), **parties)
    add_up_days()
    assert list(days_off()) == []
    for is_live, before, today in ((False, [100], 102), (True, [1_000], 1_001)):
        rows = DayTotals.objects.filter(is_live=is_live)
        assert [row.taken_minor for row in rows] == before
        kept_rows = list_kept(BEFORE, TODAY, is_live=is_live)[1]
        assert [one[2].taken_minor for one in kept_rows] == before
        tops = list_top_merchants(BEFORE, TODAY, "EUR", is_live=is_live)
        assert [totals.taken_minor for _pk, _name, totals in tops] == before
        read = add_up([span_of(TODAY)], is_live=is_live)
        assert [one.totals.taken_minor for one in read] == [today]
    answer_refund(requested_refund(taken[-1], eur(30)))
    add_up_days()
    settle_the_record()
    refunded = dict(DayTotals.objects.values_list("is_live", "refunded_minor"))
    assert refunded == {False: 30, True: 0}
    assert list(days_off()) == []


def test_two_merchants_have_rows_of_their_own_and_are_read_together() -> None:
    with clock.at(noon(2)):
        captured_payment(eur(100))
        captured_payment(eur(20))
    add_up_days()
    assert [row.taken_minor for row in DayTotals.objects.order_by("taken_minor")] == [20, 100]
    assert [
        totals.taken_minor for _day, _currency, totals in list_kept(BEFORE, TODAY, is_live=False)[1]
    ] == []
    old = TODAY - timedelta(days=2)
    assert [
        totals.taken_minor for _day, _currency, totals in list_kept(old, TODAY, is_live=False)[1]
    ] == [120]


def test_late_refund_changes_the_day_of_its_payment(parties: dict[str, Any]) -> None:
    with clock.at(noon(20)):
        payment = captured_payment(eur(1_000), **parties)
    add_up_days()
    answer_refund(requested_refund(payment, eur(400)))
    assert list(days_off()) == []
    add_up_days()
    day = TODAY - timedelta(days=20)
    assert kept()[day, "EUR"].refunded_minor == 400
    assert list(days_off()) == []


def test_correction_changes_the_day_of_its_payment(parties: dict[str, Any]) -> None:
    with clock.at(noon(20)):
        payment = new_payment(eur(1_000), **parties)
        attempt = Attempt.objects.get(payment=payment)
        for _ in range(2):
            record_authorization_lost(attempt_id=attempt.pk)
    add_up_days()
    set_right(attempt)
    payment.refresh_from_db()
    assert payment.status == "authorized"
    told = LogEntry.objects.filter(object_pk=str(payment.pk))
    events = set(told.exclude(action=LogEntry.Action.ACCESS).values_list("event", flat=True))
    assert events <= set(followed_events())
    add_up_days()
    assert kept()[TODAY - timedelta(days=20), "EUR"].approved_minor == 1_000
    assert list(days_off()) == []


def set_right(attempt: Attempt) -> None:
    """A person says what the provider says."""
    RefundReason.objects.create(code="told", act="correction", label="Told so")
    lead = hire("Lea Lund", "support_lead")
    role = Group.objects.get(name="support_lead")
    with acting_as(operator("test")):
        ApprovalLimit.objects.create(role=role, kind="correction", currency="EUR", max_minor=50_000)
    with acting_as(as_actor(lead)):
        correct_payment(
            payment_id=attempt.payment_id,
            kind="attempt",
            row_id=attempt.pk,
            to_status="authorized",
            provider_reference="auth_told",
            reason="told",
            evidence="Told on the telephone.",
            seen_status="unknown",
            key="told",
        )


def test_payment_that_is_told_late_is_in_the_day_it_was_taken(parties: dict[str, Any]) -> None:
    with clock.at(noon(3)):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    with clock.at(noon(9)):
        captured_payment(eur(50), **parties)
    add_up_days()
    assert kept()[TODAY - timedelta(days=9), "EUR"].taken_minor == 50
    assert list(days_off()) == []


def test_every_change_of_a_payment_is_followed(parties: dict[str, Any]) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=1)
    with clock.at(noon(4)):
        payment = captured_payment(eur(1_000), **parties)
        answer_refund(requested_refund(payment, eur(400)))
    seen = LogEntry.objects.filter(object_pk=str(payment.pk))
    for entry in seen.exclude(action=LogEntry.Action.ACCESS):
        assert entry.event in followed_events()
    assert list_changed_days(begun, begun + timedelta(hours=1)) == {TODAY - timedelta(days=4)}
    assert list_changed_days(begun - timedelta(hours=1), begun - timedelta(minutes=59)) == set()


def test_repeat_changes_nothing(parties: dict[str, Any]) -> None:
    with clock.at(noon(2)):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    first = kept()
    with CaptureQueriesContext(connection) as queries:
        add_up_days()
    assert kept() == first
    written = [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE"))]
    assert all("payments_daysprogress" in sql for sql in written)


def test_interrupted_run_goes_on_where_it_was(parties: dict[str, Any]) -> None:
    for days_ago in (90, 40, 2):
        with clock.at(noon(days_ago)):
            captured_payment(eur(days_ago), **parties)
    assert complete_days(at_most=31)
    assert sorted(totals.taken_minor for totals in kept().values()) == [90]
    while complete_days(at_most=31):
        pass
    assert sorted(totals.taken_minor for totals in kept().values()) == [2, 40, 90]
    progress = DaysProgress.objects.get()
    assert progress.through_on == BEFORE


def test_changes_are_followed_an_hour_at_a_time(parties: dict[str, Any]) -> None:
    with clock.at(noon(5)):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    long_ago = datetime.now(UTC) - timedelta(hours=3)
    with guard.suspended():
        DaysProgress.objects.update(changes_until=long_ago)
        DayTotals.objects.update(taken_minor=1)
    steps = 1
    while follow_changes():
        steps += 1
    assert steps == 4
    assert [totals.taken_minor for totals in kept().values()] == [1_000]


@pytest.fixture
def _in_auckland() -> Iterator[None]:
    with override_settings(TIME_ZONE="Pacific/Auckland"):
        yield


@pytest.mark.usefixtures("_in_auckland")
def test_days_are_those_of_the_time_zone_of_the_house(parties: dict[str, Any]) -> None:
    evening = noon(4).replace(hour=20)
    with clock.at(evening):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    assert list(kept()) == [(evening.date() + timedelta(days=1), "EUR")]


def test_another_time_zone_makes_all_days_anew(
    parties: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    evening = noon(4).replace(hour=20)
    with clock.at(evening):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    request.getfixturevalue("_in_auckland")
    add_up_days()
    assert {place[0]: totals.taken_minor for place, totals in kept().items()} == {
        evening.date(): 0,
        evening.date() + timedelta(days=1): 1_000,
    }
    assert list(days_off()) == []


def test_proof_names_a_row_that_lies_and_one_that_is_missing(parties: dict[str, Any]) -> None:
    with clock.at(noon(2)):
        payment = captured_payment(eur(1_000), **parties)
    add_up_days()
    settle_the_record()
    with guard.suspended():
        DayTotals.objects.update(captured_minor=7)
    assert [words.partition("merchant")[2].partition(": ")[2] for words in days_off()] == [
        "captured_minor is 7, not 1000"
    ]
    with guard.suspended():
        DayTotals.objects.all().delete()
    assert any("taken_minor is 0, not 1000" in words for words in days_off())
    assert Payment.objects.get().pk == payment.pk


def settle_the_record() -> None:
    """As if all of it had been followed some time ago."""
    with guard.suspended():
        DaysProgress.objects.update(changes_until=datetime.now(UTC) + timedelta(hours=1))


def test_prove_runs_it(parties: dict[str, Any]) -> None:
    with clock.at(noon(2)):
        captured_payment(eur(1_000), **parties)
    add_up_days()
    out = StringIO()
    call_command("prove", stdout=out)
    assert "totals of days equal the payments (1)" in out.getvalue()


def test_house_without_payments_has_no_days() -> None:
    add_up_days()
    assert kept() == {}
    assert DaysProgress.objects.get().through_on == BEFORE


def test_adding_up_a_day_reads_an_index_range_for_each_stretch(parties: dict[str, Any]) -> None:
    if connection.vendor == "sqlite":
        words = "SEARCH payments_payment USING INDEX"
    else:
        words = "payments_payment"
    with clock.at(noon(1)):
        captured_payment(eur(1_000), **parties)
    spans = [Span(str(number), noon(number), noon(number - 1)) for number in (1, 2, 3)]
    with CaptureQueriesContext(connection) as queries:
        add_up(spans, is_live=False)
    assert len(queries) == 1
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{queries[0]['sql']}"
        )
        plan = "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())
    assert plan.count(words) >= 3
    assert "Seq Scan" not in plan
