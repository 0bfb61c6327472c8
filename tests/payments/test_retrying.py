"""What is tried again, how often, and what is not: the table, and that it is told as it is done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from audit import clock
from audit.outbox.commands import MOST_ATTEMPTS
from payments.commands.captures import (
    capture_payment,
    record_capture_lost,
    record_capture_result,
)
from payments.models import Capture, Payment
from payments.retrying import (
    ASK_AFTER,
    CAPTURE_RULES,
    FAILURES,
    SENT_AFTER,
    explain_capture_failure,
    outlook_of,
)
from tests.api.conftest import Shop, shop  # noqa: F401
from tests.payments.builders import authorized_payment, eur, new_key, operation_answer
from tests.payments.pages import agent_browser, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def capturing() -> Capture:
    payment = authorized_payment(eur(1_000))
    return capture_payment(payment_id=payment.pk, amount=eur(1_000), key=new_key())


def fail(capture: Capture, code: str) -> Capture:
    odd = operation_answer(capture, "failed", failure_code=code)
    return record_capture_result(capture_id=capture.pk, answer=odd, key=str(capture.pk))


def test_what_is_sent_again_is_what_the_outbox_does() -> None:
    assert len(SENT_AFTER) == MOST_ATTEMPTS - 1
    assert sum(SENT_AFTER, timedelta()) > timedelta(hours=1)


def test_only_silence_and_absence_are_tried_again() -> None:
    assert {name: rule.times for name, rule in CAPTURE_RULES.items()} == {
        "unreachable": MOST_ATTEMPTS - 1,
        "silent": 7,
        "odd": 7,
        "refused": 0,
        "expired": 0,
    }


def test_provider_is_asked_as_often_as_the_table_says_and_then_a_person_must() -> None:
    capture = capturing()
    begun = capture.created_at
    for number, wait in enumerate(ASK_AFTER, 1):
        with clock.at(begun + timedelta(days=number)):
            capture = record_capture_lost(capture_id=capture.pk)
            outlook = outlook_of(capture)
            assert outlook is not None
            assert (outlook.next_at, outlook.asked) == (clock.now() + wait, number)
    with clock.at(begun + timedelta(days=30)):
        outlook = outlook_of(record_capture_lost(capture_id=capture.pk))
    assert outlook is not None
    assert (outlook.next_at, outlook.asked, outlook.most) == (None, 7, 7)


@pytest.mark.parametrize("code", [*FAILURES, "a code of tomorrow", ""])
def test_failure_is_never_tried_again_by_itself_and_is_explained(code: str) -> None:
    capture = fail(capturing(), code)
    assert (capture.status, capture.ask_at, outlook_of(capture)) == ("failed", None, None)
    failure = explain_capture_failure(code)
    assert str(failure.advice)
    payment = Payment.objects.get(pk=capture.payment_id)
    assert payment.capturable == eur(1_000), "the amount may be captured anew"


WORDS = {
    "processing_error": ("It may be captured again", True),
    "authorization_expired": ("Capturing again as it is will not help", False),
    "a code of tomorrow": ("The provider gave no reason that we know", False),
}


@pytest.mark.parametrize("code", WORDS)
def test_payment_page_tells_what_a_failure_means(code: str) -> None:
    words, is_retryable = WORDS[code]
    capture = fail(capturing(), code)
    assert explain_capture_failure(code).is_retryable is is_retryable
    with translation.override("en"):
        assert words in words_of(agent_browser().get(page_of(capture.payment)))


def test_payment_page_tells_when_it_is_asked_again_and_how_often() -> None:
    capture = record_capture_lost(capture_id=capturing().pk)
    with translation.override("en"):
        page = words_of(agent_browser().get(page_of(capture.payment)))
    assert "1 of 7 times" in page
    assert "The provider says no. Never by itself" in page
    assert "it is never captured twice" in page


def told(shop: Shop, payment_id: str) -> dict[str, Any]:  # noqa: F811
    found: dict[str, Any] = shop.call("GET", f"/payments/{payment_id}").json()["captures"][0]
    return found


def test_api_tells_what_became_of_a_capture_and_what_comes_next(shop: Shop) -> None:  # noqa: F811
    from tests.api.test_payments import authorized

    payment_id = authorized(shop)
    shop.call("POST", f"/payments/{payment_id}/capture")
    capture = Capture.objects.get(payment_id=payment_id)
    record_capture_lost(capture_id=capture.pk)
    waiting = told(shop, payment_id)
    assert (waiting["status"], waiting["failure"]) == ("processing", None)
    assert (waiting["retry"]["asked"], waiting["retry"]["most"]) == (1, 7)
    assert waiting["retry"]["next_at"].endswith("Z")
    fail(capture, "processing_error")
    over = told(shop, payment_id)
    assert (over["status"], over["retry"]) == ("failed", None)
    assert (over["failure"]["code"], over["failure"]["retryable"]) == ("processing_error", True)
    assert over["failure"]["advice"]
