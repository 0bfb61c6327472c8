"""The home page: what each role finds there, what it costs, and that its figures open their rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import clock, guard, needs
from audit.actor import Actor, acting_as, operator
from audit.jobs.models import Job
from audit.models import LogEntry
from audit.outbox.models import Message
from audit.queries import list_touched
from config.access.models import User
from config.access.roles import ROLES
from config.access.snapshot import person as actor_of
from config.desk.queries import get_home
from payments.ledger.money import Money
from payments.models import Payment, Refund
from payments.tasks.days import add_up_days
from tests.audit.people import browser_of, hire
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
from tests.payments.pages import MOST_QUERIES, agent_browser, references_in, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
MIDNIGHT = NOON.replace(hour=0)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def parties(somebody: Actor) -> dict[str, Any]:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    card = builders.make_card(merchant, customer)
    return {"merchant": merchant, "customer": customer, "card": card}


def taken(moment: datetime, minor: int, parties: dict[str, Any], **given: Any) -> Payment:
    with clock.at(moment):
        return captured_payment(eur(minor), **parties, **given)


@pytest.fixture
def a_month(parties: dict[str, Any]) -> dict[str, Any]:
    """Some payments on each of several days, also a week ago before and after this hour."""
    week_ago = datetime.now(UTC) - timedelta(days=7)
    for minor, moment in (
        (10_000, datetime.now(UTC)),
        (4_000, week_ago - timedelta(seconds=5)),
        (700, week_ago + timedelta(minutes=5)),
        (300, NOON - timedelta(days=20)),
        (90, NOON - timedelta(days=45)),
    ):
        taken(moment, minor, parties)
    with clock.at(NOON - timedelta(days=3)):
        answer_attempt(new_payment(eur(50), **parties), "declined", decline_code="05")
    return parties


@pytest.fixture
def some_yens(a_month: dict[str, Any]) -> None:
    with clock.at(NOON - timedelta(days=3)):
        captured_payment(Money(900, "JPY"), **a_month)


def figures_of(role: str, *, is_live: bool = False, **given: Any) -> Any:
    actor = actor_of(hire(f"Zoe {role}", role))
    return get_home(actor, datetime.now(UTC), is_live=is_live, **given).figures


def test_today_stands_beside_the_same_weekday_up_to_the_same_hour(a_month: dict[str, Any]) -> None:
    figures = figures_of("finance_controller")
    euros = next(row for row in figures.today if row.currency == "EUR")
    assert (euros.now.taken, euros.now.taken_minor) == (1, 10_000)
    assert euros.then.taken_minor == 4_000
    assert figures.then.date() == MIDNIGHT.date() - timedelta(days=7)


def test_thirty_days_are_the_same_before_and_after_they_are_added_up(
    a_month: dict[str, Any],
) -> None:
    before = figures_of("auditor")
    add_up_days()
    after = figures_of("support_lead")
    assert [(day.day, day.totals) for day in before.month.days] == [
        (day.day, day.totals) for day in after.month.days
    ]
    assert after.month.totals.taken_minor == 10_000 + 4_000 + 700 + 300 + 50
    assert len(after.month.days) == 30
    assert after.month.days[-1].is_open
    assert [shop.totals.taken for shop in after.month.shops] == [4]


def test_figures_are_of_live_payments_or_of_tests_and_never_of_both(
    a_month: dict[str, Any],
) -> None:
    merchant = a_month["merchant"]
    customer = builders.make_customer(merchant, is_live=True)
    card = builders.make_card(merchant, customer, is_live=True)
    real = {"merchant": merchant, "customer": customer, "card": card, "is_live": True}
    before = figures_of("auditor")
    taken(datetime.now(UTC), 77, real)
    taken(NOON - timedelta(days=3), 5, real)
    for is_kept in (False, True):
        if is_kept:
            add_up_days()
        tests = figures_of("auditor")
        live = figures_of("auditor", is_live=True)
        assert tests.month.totals == before.month.totals
        assert live.month.totals.taken_minor == 77 + 5
        assert [row.now.taken_minor for row in live.today] == [77]
        assert [shop.totals.taken_minor for shop in live.month.shops] in ([], [5])


@pytest.mark.usefixtures("some_yens")
def test_amounts_of_two_currencies_are_never_one() -> None:
    add_up_days()
    euros, yens = figures_of("auditor"), figures_of("support_lead", currency="JPY")
    assert list(euros.currencies) == ["EUR", "JPY"]
    assert (euros.month.currency, yens.month.currency) == ("EUR", "JPY")
    assert yens.month.totals.taken_minor == 900


def test_unknown_currency_in_the_address_is_the_first(a_month: dict[str, Any]) -> None:
    assert figures_of("auditor", currency="XXX").month.currency == "EUR"


def test_yesterday_is_there_before_the_task_has_run(parties: dict[str, Any]) -> None:
    taken(NOON - timedelta(days=40), 100, parties)
    add_up_days()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    taken(datetime.now(UTC), 100, parties)
    home = get_home(actor_of(hire("Eve Early", "auditor")), tomorrow, is_live=False)
    assert home.figures is not None
    month = home.figures.month
    assert month is not None
    assert month.days[-2].totals.taken == 1


FIGURE = re.compile(r'<a(?: class="then")? href="(/payments/\?[^"]+)">(.*?)</a>', re.DOTALL)


@pytest.mark.usefixtures("some_yens")
def test_every_figure_opens_the_rows_behind_it(a_month: dict[str, Any]) -> None:
    add_up_days()
    browser = browser_of(hire("Fay Figures", "finance_controller"))
    page = browser.get("/").content.decode().replace("&amp;", "&")
    counted = 0
    for url, words in FIGURE.findall(page):
        count = re.sub(r"<[^>]+>|\s", "", words).replace("Aweekago:", "")
        if count.isdigit() and "merchant" not in url:
            counted += 1
            expected = int(count)
            if url in _cut_off(page):
                continue
            assert len(references_in(browser.get(url))) == expected, (url, words)
    assert counted > 60


def _cut_off(page: str) -> set[str]:
    """The rows of a week ago are of that whole day; its figure is up to this hour."""
    return set(re.findall(r'<a class="then" href="([^"]+)">', page))


def test_links_name_days_states_currency_and_nobody(a_month: dict[str, Any]) -> None:
    row = figures_of("support_agent").today[0]
    query = parse_qs(urlsplit(row.links.declined).query)
    today = MIDNIGHT.date().isoformat()
    assert query == {"since": [today], "until": [today], "state": ["failed"], "currency": ["EUR"]}


SEES = {
    "support_agent": (True, False),
    "support_lead": (True, True),
    "dispute_analyst": (True, False),
    "dispute_lead": (True, True),
    "finance_controller": (True, True),
    "fraud_analyst": (True, True),
    "gift_card_operator": (True, False),
    "loyalty_operator": (True, False),
    "privacy_officer": (False, False),
    "auditor": (True, True),
    "access_administrator": (False, False),
}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_sees_the_figures_that_fit_it(role: str, a_month: dict[str, Any]) -> None:
    words = words_of(browser_of(hire("Rita Role", role)).get("/"))
    has_today, has_month = SEES[role]
    assert ("a week ago" in words) is has_today
    assert ("Thirty days in EUR" in words) is has_month
    assert "Needs you" in words


def test_who_has_no_role_is_told_what_to_do(a_month: dict[str, Any]) -> None:
    words = words_of(browser_of(hire("Noe Neu")).get("/"))
    assert "Ask an access administrator" in words
    assert "Needs you" not in words


def test_looking_is_on_record_and_needs_no_script(a_month: dict[str, Any]) -> None:
    browser = browser_of(hire("Fay Figures", "finance_controller"))
    page = browser.get("/").content.decode()
    assert LogEntry.objects.filter(event="access.desk.home", outcome="done").count() == 1
    assert "The figures, day by day" in page
    assert page.count('data-column="volume"') == 31


def pile(role: str, code: str, name: str = "Pia Pile") -> list[str]:
    actor = actor_of(User.objects.filter(name=name).first() or hire(name, role))
    found = [
        one
        for one in needs.collect(actor, datetime.now(UTC), is_live=False)
        if one.need.code == code
    ]
    return [row.words for one in found for row in one.rows]


@pytest.fixture
def waiting_refund(parties: dict[str, Any]) -> Refund:
    """An agent asked for more than his limit."""
    agent_browser("Agathe Morel")
    payment = captured_payment(eur(30_000), **parties)
    with acting_as(actor_of(User.objects.get(name="Agathe Morel"))):
        return requested_refund(payment, eur(20_000))


def limit_of(role: str, minor: int) -> None:
    from django.contrib.auth.models import Group

    from audit.approvals.models import ApprovalLimit

    with acting_as(operator("test")):
        ApprovalLimit.objects.create(
            role=Group.objects.get(name=role), currency="EUR", max_minor=minor
        )


def test_approval_waits_for_who_may_decide_it_and_for_nobody_else(waiting_refund: Refund) -> None:
    reference = waiting_refund.reference
    assert pile("support_lead", "approvals", "Low Lead") == []
    limit_of("support_lead", 50_000)
    assert pile("support_lead", "approvals", "High Lead") == [reference]
    assert pile("support_agent", "approvals", "Agathe Morel") == []
    assert pile("support_agent", "asked", "Agathe Morel") == [reference]
    assert pile("support_agent", "asked", "Other Agent") == []


def test_approval_above_the_limit_does_not_wait_for_who_cannot_decide_it(
    waiting_refund: Refund,
) -> None:
    limit_of("support_lead", 19_999)
    assert pile("support_lead", "approvals") == []


def test_expired_request_waits_for_nobody(waiting_refund: Refund) -> None:
    limit_of("support_lead", 50_000)
    actor = actor_of(hire("Late Lead", "support_lead"))
    later = datetime.now(UTC) + timedelta(days=8)
    assert "approvals" not in [one.need.code for one in needs.collect(actor, later, is_live=False)]


def test_unknown_outcomes_of_every_kind_wait_for_a_lead(parties: dict[str, Any]) -> None:
    from payments.commands.captures import record_capture_lost
    from payments.commands.payments import record_authorization_lost
    from payments.commands.refunds import record_refund_lost
    from payments.models import Attempt, Capture

    asked = new_payment(eur(100), **parties)
    record_authorization_lost(attempt_id=Attempt.objects.get(payment=asked).pk)
    captured = authorized_payment(
        eur(200), capture_method=Payment.CaptureMethod.AUTOMATIC, **parties
    )
    record_capture_lost(capture_id=Capture.objects.get(payment=captured).pk)
    back = captured_payment(eur(300), **parties)
    limit_of("finance_controller", 50_000)
    with acting_as(actor_of(hire("Fin Controller", "finance_controller"))):
        refund = requested_refund(back, eur(300))
    record_refund_lost(refund_id=refund.pk)
    expected = [asked.reference, captured.reference, back.reference]
    assert pile("support_lead", "unknown") == expected
    assert pile("support_agent", "unknown", "Some Agent") == []


def test_person_without_a_role_waits_for_who_gives_roles() -> None:
    hire("Noe Neu")
    assert pile("access_administrator", "without_role") == ["Noe Neu"]
    assert pile("finance_controller", "without_role", "Fin Fine") == []


def test_approvals_come_first(waiting_refund: Refund, parties: dict[str, Any]) -> None:
    limit_of("support_lead", 50_000)
    soon = datetime.now(UTC) + timedelta(hours=30)
    answer_attempt(new_payment(eur(100), **parties), expires_at=soon)
    actor = actor_of(hire("Lea Lead", "support_lead"))
    found = [one.need.code for one in needs.collect(actor, datetime.now(UTC), is_live=False)]
    assert found == ["approvals", "expiring"]


def test_authorization_that_soon_expires_waits_for_a_lead(parties: dict[str, Any]) -> None:
    soon = datetime.now(UTC) + timedelta(hours=30)
    expiring = answer_attempt(new_payment(eur(100), **parties), expires_at=soon)
    later = datetime.now(UTC) + timedelta(days=5)
    answer_attempt(new_payment(eur(200), **parties), expires_at=later)
    assert pile("support_lead", "expiring") == [expiring.reference]


@pytest.mark.parametrize("status", ["failed", "returned"])
def test_refund_that_failed_or_came_back_waits_until_there_is_another(
    status: str, parties: dict[str, Any]
) -> None:
    payment = captured_payment(eur(1_000), **parties)
    refund = answer_refund(requested_refund(payment, eur(400)))
    if status == "failed":
        refund = requested_refund(payment, eur(100))
    # A provider that takes its yes back: the money came back to us.
    answer_refund(refund, "failed")
    assert Refund.objects.get(pk=refund.pk).status == status
    assert pile("support_agent", "broken_refunds") == [payment.reference]
    answer_refund(requested_refund(payment, eur(50)))
    assert pile("support_agent", "broken_refunds") == []


def test_last_things_touched_are_ones_own_each_once_the_latest_first(
    parties: dict[str, Any],
) -> None:
    first, second = captured_payment(eur(100), **parties), captured_payment(eur(200), **parties)
    browser = agent_browser()
    for payment in (first, second, first):
        browser.get(f"/payments/{payment.pk}/")
    agent = User.objects.get(name="Agathe Morel")
    touched = list_touched(actor_of(agent))
    assert [one.words for one in touched] == [first.reference, second.reference]
    assert touched[0].sentence == "Looked at a payment"
    assert touched[0].url == f"/payments/{first.pk}/"
    assert list_touched(actor_of(hire("Somebody Else", "support_agent"))) == []
    with acting_as(operator("test")):
        agent.groups.clear()
    assert list_touched(actor_of(User.objects.get(pk=agent.pk))) == []


def queries_of(browser: Client) -> list[str]:
    browser.get("/")
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/").status_code == 200
    return [one["sql"] for one in queries]


def test_number_of_queries_does_not_grow_with_the_house(parties: dict[str, Any]) -> None:
    with acting_as(operator("test")):
        somebody = hire("Sue Super", "finance_controller")
        somebody.groups.add(*[hire(f"x {role}", role).groups.get() for role in ROLES])
    browser = browser_of(somebody)
    taken(NOON - timedelta(days=2), 100, parties)
    add_up_days()
    few = len(queries_of(browser))
    for days in range(1, 29, 3):
        for _ in range(2):
            taken(NOON - timedelta(days=days), 100, parties)
    answer_refund(requested_refund(captured_payment(eur(500), **parties), eur(100)), "failed")
    new_payment(eur(100), **parties)
    add_up_days()
    many = queries_of(browser)
    assert len(many) <= few
    assert few <= MOST_QUERIES


def test_every_query_of_the_page_uses_an_index(a_month: dict[str, Any]) -> None:
    """Read off the plan: nothing that grows with the house is read from end to end."""
    limit_of("finance_controller", 50_000)
    add_up_days()
    browser = browser_of(hire("Fay Figures", "finance_controller"))
    grown = (
        "payments_payment",
        "payments_attempt",
        "payments_capture",
        "payments_refund",
        "payments_daytotals",
        "audit_logentry",
        "approvals_approval",
    )
    looked_at = 0
    for sql in queries_of(browser):
        if not sql.lstrip("(").startswith("SELECT") or not any(
            f'"{table}"' in sql for table in grown
        ):
            continue
        looked_at += 1
        assert walks(sql, grown) == [], sql
    assert looked_at >= 4


def walks(sql: str, tables: tuple[str, ...]) -> list[str]:
    """The tables that the plan of a statement reads from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [str(row[3]) for row in cursor.fetchall()]
            return [
                step
                for step in steps
                if step.startswith("SCAN") and "USING" not in step and step.split()[1] in tables
            ]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        steps = [str(row[0]) for row in cursor.fetchall()]
        return [step for step in steps if "Seq Scan on" in step and any(t in step for t in tables)]


def test_background_work_that_is_dead_waits_for_who_may_have_it_done_again() -> None:
    dead = Message(
        task="payments.send_refund",
        kwargs={},
        status=Message.Status.DEAD,
        next_at=NOON,
        made_at=NOON,
        command_id=uuid.uuid4(),
        request_id="r",
    )
    with guard.suspended():
        Message.objects.bulk_create([dead])
    assert pile("access_administrator", "dead") == ["payments.send_refund"]
    assert pile("support_lead", "dead", "Lea Lead") == []


def test_failed_job_waits_for_who_asked_for_it() -> None:
    asker = hire("Ann Asker", "finance_controller")
    job = Job(
        key="a job",
        fingerprint="",
        kind="payments.export",
        status=Job.Status.FAILED,
        asked_by=asker,
        asked_at=datetime.now(UTC),
        request_id="r",
        given={},
    )
    with guard.suspended():
        Job.objects.bulk_create([job])
    assert pile("finance_controller", "failed_jobs", "Ann Asker") == ["Export of payments"]
    assert pile("finance_controller", "failed_jobs", "Bob Bystander") == []
