"""When the customer has his money, and the words for him."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from audit import clock
from payments.models import Attempt, Refund
from payments.queries.arrival import add_working_days, days_of, expected_arrival
from tests.payments.builders import (
    answer_refund,
    captured_payment,
    eur,
    requested_refund,
)
from tests.payments.pages import agent_browser, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
FRIDAY = datetime(2026, 3, 6, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    return agent_browser()


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
        (date(2026, 3, 6), 5, date(2026, 3, 13)),
        (date(2026, 12, 30), 3, date(2027, 1, 4)),
    ],
)
def test_working_days_leave_out_weekends(day: date, count: int, expected: date) -> None:
    assert add_working_days(day, count) == expected


@pytest.mark.parametrize(
    ("network", "days"),
    [("visa", (3, 7)), ("american_express", (5, 10)), ("moon", (3, 7)), ("", (3, 7))],
)
def test_days_are_those_of_the_network_or_of_the_cards_brand(
    network: str, days: tuple[int, int]
) -> None:
    payment = captured_payment()
    attempt = Attempt.objects.select_related("card").get(payment=payment)
    attempt.network = network
    assert days_of(attempt) == days
    attempt.card.brand = "unheard_of"
    assert days_of(attempt) == (days if network in ("visa", "american_express") else (5, 10))


def sent_refund(**facts: Any) -> Refund:
    with clock.at(FRIDAY):
        refund = requested_refund(captured_payment(), eur(1234))
        return answer_refund(refund, **facts)


def test_a_refund_that_was_sent_arrives_between_two_days_and_may_be_late() -> None:
    refund = sent_refund()
    attempt = Attempt.objects.select_related("card").get(pk=refund.attempt_id)
    arrival = expected_arrival(refund, attempt, FRIDAY)
    assert arrival is not None
    assert (arrival.first, arrival.last) == (date(2026, 3, 11), date(2026, 3, 17))
    assert not arrival.is_late
    last = expected_arrival(refund, attempt, FRIDAY + timedelta(days=11))
    after = expected_arrival(refund, attempt, FRIDAY + timedelta(days=12))
    assert last is not None
    assert after is not None
    assert (last.is_late, after.is_late) == (False, True)


def test_the_page_has_words_to_read_out(browser: Client) -> None:
    refund = sent_refund(arn="74537601234567890123456")
    with clock.at(FRIDAY):
        page = browser.get(page_of(refund.payment))
    words = words_of(page)
    assert "With the customer between 11 March 2026 and 17 March 2026." in words
    said = (
        "We sent your refund of EUR 12.34 on 6 March 2026. Banks usually show it between "
        "11 March 2026 and 17 March 2026. Your bank can trace it by this number: "
        "74537601234567890123456."
    )
    assert said in words
    assert f'data-copy="{said}"' in page.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    browser.cookies["django_language"] = "fr"
    assert "17 mars 2026" in words_of(browser.get(page_of(refund.payment)))


def test_a_late_refund_says_so(browser: Client) -> None:
    refund = sent_refund()
    words = words_of(browser.get(page_of(refund.payment)))
    assert "It should have arrived by 17 March 2026." in words
    assert "please ask your bank" in words


@pytest.mark.parametrize(
    ("status", "facts", "said"),
    [
        ("pending", {}, "is on its way to your bank"),
        ("failed", {"failure_code": "expired_or_canceled_card"}, "did not take the refund"),
    ],
)
def test_a_refund_that_is_not_there_has_words_too(
    browser: Client, status: str, facts: dict[str, Any], said: str
) -> None:
    payment = captured_payment()
    refund = requested_refund(payment, eur(100))
    if status != "pending":
        answer_refund(refund, status, **facts)
    words = words_of(browser.get(page_of(payment)))
    assert said in words
    assert ("The card has expired or was closed" in words) == (status == "failed")
