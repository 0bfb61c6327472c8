"""Who is on a page: told to the others, ended by itself, without a trace of what is looked at."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from audit import clock
from audit.actor import acting_as, operator
from audit.models import LogEntry
from payments.models import Payment
from tests.audit.people import browser_of, hire
from tests.payments.builders import captured_payment, make_reason
from tests.payments.pages import page_of, words_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 6, 14, 3, tzinfo=UTC)
POLL = {"Comptoir-Poll": "1", "HX-Request": "true"}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        make_reason()
        return captured_payment()


@pytest.fixture
def amandine() -> Client:
    return browser_of(hire("Amandine Vasseur", "support_agent"))


@pytest.fixture
def lorcan() -> Client:
    return browser_of(hire("Lorcan Deville", "support_lead"))


def poll(browser: Client, payment: Payment, **said: str) -> str:
    answer: Any = browser.post(f"/presence/payment/{payment.pk}/", said, headers=POLL)
    assert answer.status_code in (200, 204)
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(unescape(text).split())


def test_the_others_are_told_since_when_and_nobody_is_told_of_himself(
    payment: Payment, amandine: Client, lorcan: Client
) -> None:
    with clock.at(NOON):
        assert poll(amandine, payment) == ""
    with clock.at(NOON + timedelta(seconds=20)):
        assert poll(amandine, payment) == ""
        assert poll(lorcan, payment) == "Amandine Vasseur is on this page since 14:03"
        assert poll(amandine, payment) == "Lorcan Deville is on this page since 14:03"


def test_who_says_nothing_any_more_is_gone(
    payment: Payment, amandine: Client, lorcan: Client
) -> None:
    with clock.at(NOON):
        poll(amandine, payment)
    with clock.at(NOON + timedelta(seconds=44)):
        assert "Amandine" in poll(lorcan, payment)
    with clock.at(NOON + timedelta(seconds=45)):
        assert poll(lorcan, payment) == ""


def test_who_leaves_is_gone_at_once(payment: Payment, amandine: Client, lorcan: Client) -> None:
    poll(amandine, payment)
    assert poll(amandine, payment, leave="1") == ""
    assert poll(lorcan, payment) == ""


def test_the_refund_form_warns_on_every_page_of_the_payment(
    payment: Payment, amandine: Client, lorcan: Client
) -> None:
    with clock.at(NOON):
        poll(amandine, payment)
        poll(amandine, payment, doing="refund")
        told = "Amandine Vasseur is filling in a refund since 14:03"
        assert poll(lorcan, payment) == told
        page = lorcan.get(page_of(payment, "refunds/new/"))
        assert told in words_of(page)
        assert "presence-warns" in page.content.decode()
        lorcan.cookies["django_language"] = "fr"
        assert "Amandine Vasseur" in poll(lorcan, payment)


def test_another_payment_knows_nothing_of_it(
    payment: Payment, amandine: Client, lorcan: Client
) -> None:
    with acting_as(operator("test")):
        other = captured_payment()
    poll(amandine, payment)
    assert poll(lorcan, other) == ""


def test_a_poll_is_no_look_and_keeps_no_session_awake(payment: Payment, amandine: Client) -> None:
    before = LogEntry.objects.count()
    stamp = dict(amandine.session.items())
    poll(amandine, payment)
    assert LogEntry.objects.count() == before
    assert dict(amandine.session.items()) == stamp


@pytest.mark.parametrize("doing", ["", "nothing", "x" * 5000, "a\0b", "<b>"])
def test_what_it_does_not_know_is_being_there(
    payment: Payment, amandine: Client, lorcan: Client, doing: str
) -> None:
    with clock.at(NOON):
        poll(amandine, payment, doing=doing)
        assert poll(lorcan, payment) == "Amandine Vasseur is on this page since 14:03"


def test_nobody_is_told_of_what_he_may_not_see(payment: Payment) -> None:
    privacy = browser_of(hire("Paul Vidal", "privacy_officer"))
    assert privacy.post(f"/presence/payment/{payment.pk}/").status_code == 403
    agent = browser_of(hire("Agathe Morel", "support_agent"))
    assert agent.post(f"/presence/payment/{uuid.uuid4()}/").status_code == 404
    assert agent.post(f"/presence/nothing/{payment.pk}/").status_code == 404


@pytest.mark.parametrize("shown", ["payment", "customer"])
def test_page_says_who_is_there_as_it_loads(
    payment: Payment, amandine: Client, lorcan: Client, shown: str
) -> None:
    pages = {
        "payment": (payment.pk, page_of(payment)),
        "customer": (payment.customer_id, f"/customers/{payment.customer_id}/"),
    }
    pk, page = pages[shown]
    told = "Amandine Vasseur is on this page since 14:03"
    with clock.at(NOON):
        assert told not in words_of(lorcan.get(page))
        assert amandine.post(f"/presence/{shown}/{pk}/", headers=POLL).status_code == 200
        assert told in words_of(lorcan.get(page))
        assert told not in words_of(amandine.get(page))


def test_without_script_the_address_is_the_page(payment: Payment, amandine: Client) -> None:
    answer = amandine.get(f"/presence/payment/{payment.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, page_of(payment))
