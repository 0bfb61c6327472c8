"""A payment with a long story: its page stays short, and hides nothing without saying so."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import guard
from audit.actor import acting_as, operator
from audit.models import LogEntry
from payments.models import Payment
from payments.queries.timeline import MOST, SHOWN
from tests.audit.people import browser_of, hire
from tests.payments.builders import captured_payment
from tests.payments.pages import MOST_QUERIES, page_of

pytestmark = pytest.mark.django_db
CUT = "What was still earlier stands in the log."


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        return captured_payment()


@pytest.fixture
def browser() -> Client:
    return browser_of(hire("Agathe Morel", "support_agent"))


def tell(payment: Payment, times: int) -> None:
    """So many more things that happened to a payment, each in a command of its own."""
    entry = LogEntry.objects.filter(
        object_pk=str(payment.pk), event="payments.capture.succeeded"
    ).latest()
    same: dict[str, Any] = {
        field.attname: getattr(entry, field.attname) for field in entry._meta.concrete_fields
    }
    with guard.suspended():
        LogEntry.objects.bulk_create(
            LogEntry(**same | {"id": uuid.uuid4(), "command_id": uuid.uuid4()})
            for _number in range(times)
        )


def test_short_story_stands_open(browser: Client, payment: Payment) -> None:
    page = browser.get(page_of(payment)).content.decode()
    assert "story-earlier" not in page
    assert CUT not in page


def test_what_was_earlier_is_there_to_be_unfolded(browser: Client, payment: Payment) -> None:
    tell(payment, SHOWN)
    answer = browser.get(page_of(payment))
    story = answer.context["page"].moments
    page = answer.content.decode()
    latest, _fold, earlier = page.partition('<details class="story-earlier">')
    assert latest.count("<li data-tone") == SHOWN
    assert earlier.partition("</details>")[0].count("<li data-tone") == len(story) - SHOWN
    assert f"{len(story) - SHOWN} earlier entries" in earlier
    assert CUT not in page


def test_story_too_long_for_a_page_says_where_its_beginning_is(
    browser: Client, payment: Payment
) -> None:
    tell(payment, MOST)
    browser.get(page_of(payment))
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(page_of(payment)).content.decode()
    assert CUT in page
    assert len(queries) <= MOST_QUERIES
