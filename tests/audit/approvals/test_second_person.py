"""What the one who decides has in view."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock
from audit.actor import acting_as
from config.access.models import User
from payments.models import Payment
from tests.audit.approvals.conftest import Ask
from tests.audit.people import as_actor, browser_of
from tests.payments import builders
from tests.payments.builders import eur
from tests.payments.pages import MOST_QUERIES, words_of

pytestmark = pytest.mark.django_db


def test_amount_reason_history_habits_and_effect_are_on_one_page(
    ask: Ask, agent: User, lead: User, payment: Payment
) -> None:
    with acting_as(as_actor(agent)):
        merchant, customer = payment.merchant, payment.customer
        other = builders.captured_payment(
            eur(5_000), merchant=merchant, customer=customer, card=builders.make_card(merchant)
        )
    approval = ask(2_000, comment="The vase came broken")
    browser = browser_of(lead)
    words = words_of(browser.get(f"/approvals/{approval.pk}/"))
    for told in (
        "EUR 20.00",
        "The vase came broken",
        "Customer asked",
        payment.reference,
        "Atelier Lumen",
        "O. F.",
        "Visa ·· 0077",
        "Payment captured",
        "Other refunds by Agathe Morel",
        "Other payments of this customer",
        other.reference,
        "Atelier Lumen is owed",
        "of the payment can still be refunded besides",
        "left",
    ):
        assert told in words, told
    assert "Odile" not in words
    assert words.index("EUR 20.00") < words.index("Approve")


def test_habits_count_what_was_sent_lately_and_not_this_one(
    ask: Ask, agent: User, lead: User, payment: Payment
) -> None:
    ask(1_000)
    ask(3_000)
    approval = ask(2_000)
    context = browser_of(lead).get(f"/approvals/{approval.pk}/").context["about"]
    # Two others were asked for; none was sent yet.
    assert (context.of_requester.count, context.of_requester.sums) == (2, [])
    assert context.of_customer.count == 2
    assert approval.subject_reference not in [one.reference for one in context.of_requester.latest]


def test_the_page_takes_few_statements(ask: Ask, lead: User) -> None:
    approval = [ask(1_000 + number) for number in range(12)][-1]
    browser = browser_of(lead)
    browser.get(f"/approvals/{approval.pk}/")
    with CaptureQueriesContext(connection) as asked:
        browser.get(f"/approvals/{approval.pk}/")
    assert len(asked) <= MOST_QUERIES, [one["sql"][:120] for one in asked]


def test_what_waits_shows_its_time_left_and_warns_near_the_end(ask: Ask, lead: User) -> None:
    ask(1_000)
    with clock.at(clock.now() - timedelta(days=6, hours=12)):
        ask(2_000)
    page = browser_of(lead).get("/approvals/")
    words = words_of(page)
    assert "6 days, 23 hours left" in words or "1 week left" in words
    assert "11 hours, 59 minutes left" in words
    assert [row.is_urgent for row in page.context["rows"]] == [True, False]
