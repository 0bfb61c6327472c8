"""The database is gone, at any statement of any page: people are told in words, and truly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from audit import command
from payments.ledger.models import Transfer
from payments.models import Refund
from tests.audit import faults
from tests.pages.conftest import Enter, House
from tests.payments.builders import new_key

TRANSACTION = ("SAVEPOINT", "RELEASE", "ROLLBACK")
GONE = "The database does not answer at the moment. Nothing was changed."
BUSY = "Nothing was changed. Please try again."
UNSURE = "look before you try again"


@contextmanager
def gone_from(number: int, error: Callable[[], OperationalError]) -> Iterator[list[str]]:
    """From this statement on every one fails; those that did are in the list."""
    count = 0
    failed: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, at: Any) -> Any:
        nonlocal count
        if not sql.startswith(TRANSACTION):
            count += 1
            if count > number:
                failed.append(sql)
                raise error()
        return execute(sql, params, many, at)

    with connection.execute_wrapper(wrapper):
        yield failed


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_wait", lambda attempt: None)


@pytest.fixture
def sit(enter: Enter) -> Enter:
    """As `enter`, in a browser that gets the answer and not the error."""

    def make(who: str) -> Client:
        browser = enter(who)
        browser.raise_request_exception = False
        return browser

    return make


def walk(ask: Callable[[], Any], error: Callable[[], OperationalError]) -> Iterator[Any]:
    """The answers when the trouble begins at the first statement, the second, and so on."""
    for number in range(80):
        with gone_from(number, error) as failed:
            answer = ask()
        yield answer
        if not failed:
            return
    raise AssertionError("a page of eighty statements?")


@pytest.mark.parametrize("name", ["payments:list", "payments:detail", "log:explorer", "desk:home"])
@pytest.mark.parametrize(("error", "words"), [(faults.lost, GONE), (faults.conflict, BUSY)])
def test_a_look_that_meets_trouble_at_any_statement_is_told_so(
    house: House, sit: Enter, name: str, error: Callable[[], OperationalError], words: str
) -> None:
    browser = sit("support_agent" if name.startswith("payments") else "auditor")
    given = {"payment_id": house.payment.pk} if name == "payments:detail" else {}
    url = reverse(name, kwargs=given)
    *answers, last = walk(lambda: browser.get(url), error)
    assert len(answers) > 2
    for answer in answers:
        assert answer.status_code == 503
        assert answer["Retry-After"] == "5"
        page = answer.content.decode()
        assert words in page
        assert answer["Request-Id"] in page
        assert house.payment.reference not in page
    assert last.status_code in (200, 302)


def refund(browser: Client, house: House, key: str) -> Any:
    data = {"amount": "12.34", "reason": house.reason.code, "seen": "9000", "key": key}
    return browser.post(reverse("payments:refund_new", args=[house.payment.pk]), data)


def test_a_change_that_meets_trouble_at_any_statement_is_done_or_not_and_told_truly(
    house: House, sit: Enter
) -> None:
    browser = sit("support_lead")
    key = new_key()
    done = 0
    for answer in walk(lambda: refund(browser, house, key), faults.lost):
        before, done = done, Refund.objects.filter(amount_minor=1234).count()
        assert done <= 1
        if answer.status_code == 302:
            assert done == 1
            continue
        page = answer.content.decode()
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert done == before or UNSURE in page, "what was done is never told as not done"
        assert ("Nothing was changed" in page) != (UNSURE in page)
    assert done == 1


def test_the_same_form_sent_again_after_the_trouble_is_one_refund(house: House, sit: Enter) -> None:
    browser = sit("support_lead")
    key = new_key()
    *troubles, last = walk(lambda: refund(browser, house, key), faults.lost)
    assert {answer.status_code for answer in troubles} == {503}
    assert last.status_code == 302
    assert refund(browser, house, key).status_code == 302
    assert Refund.objects.filter(amount_minor=1234).count() == 1
    assert Transfer.objects.filter(code="refund_requested").count() == 1


def test_signing_in_meets_trouble_in_words(house: House) -> None:
    browser = Client(raise_request_exception=False)
    data = {"login": "colleague@house.test", "password": "wrong"}
    for answer in walk(lambda: browser.post(reverse("account_login"), data), faults.lost):
        assert answer.status_code in (200, 302, 503)
        if answer.status_code == 503:
            page = answer.content.decode()
            assert "Nothing was changed" in page or UNSURE in page


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"accept-language": "fr"}, "La base de données ne répond pas"),
        ({"accept-language": "en"}, "The database does not answer"),
    ],
)
def test_trouble_before_the_language_is_known_is_told_in_the_browser_s(
    sit: Enter, headers: dict[str, str], words: str
) -> None:
    browser = sit("support_agent")
    with translation.override("de"), gone_from(0, faults.lost):
        answer = browser.get("/payments/", headers=headers)
    assert answer.status_code == 503
    assert words in answer.content.decode()
    assert f'lang="{headers["accept-language"]}"' in answer.content.decode()


def test_an_error_of_another_kind_is_ours_and_says_so(sit: Enter) -> None:
    browser = sit("support_agent")
    with gone_from(0, lambda: OperationalError("no such column")):
        answer = browser.get("/payments/")
    assert answer.status_code == 500
    assert "The fault is ours" in answer.content.decode()
