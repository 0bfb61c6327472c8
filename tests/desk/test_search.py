"""The search page: by POST, to an address that tells nothing, and one entry for each search."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from audit.actor import Actor, ActorKind
from audit.card_numbers import find_card_number
from audit.models import LogEntry
from audit.search import kinds, open_term, seal_term
from payments.models import Payment
from payments.parties.models import Customer
from tests.payments import builders
from tests.payments.builders import captured_payment, eur
from tests.payments.pages import MOST_QUERIES, agent_browser, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
EMAIL = "odile.fontane@example.test"
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    return agent_browser()


@pytest.fixture
def payment() -> Payment:
    return captured_payment(eur(12_34), order_reference="ORD-77")


def find(browser: Client, term: str) -> Any:
    """As a browser sends the box."""
    form = "application/x-www-form-urlencoded"
    return browser.post("/search/find/", urlencode({"q": term}), content_type=form)


def follow(browser: Client, term: str) -> Any:
    """The page with what was found."""
    answer = find(browser, term)
    assert answer.status_code == 302, answer.content.decode()[:500]
    return browser.get(answer["Location"])


def entries() -> list[LogEntry]:
    return list(LogEntry.objects.filter(event__startswith="access.desk.f").order_by("timestamp"))


def test_box_stands_on_every_page_and_looks_for_nothing_by_itself(
    browser: Client, payment: Payment
) -> None:
    for url in ("/payments/", f"/payments/{payment.pk}/", "/search/", "/accounts/2fa/"):
        page = browser.get(url).content.decode()
        assert page.count('id="search-everywhere"') == 1, url
        assert 'action="/search/find/"' in page
    assert entries() == []


def test_who_may_look_for_nothing_has_no_box() -> None:
    browser = agent_browser("Ada Lund", "access_administrator")
    assert 'id="search-everywhere"' not in browser.get("/accounts/2fa/").content.decode()
    assert browser.get("/search/").status_code == 403
    assert find(browser, "P-000000000000").status_code == 403


def test_only_hit_is_gone_to_at_once_and_is_one_entry(browser: Client, payment: Payment) -> None:
    answer = find(browser, payment.reference)
    assert answer["Location"] == f"/payments/{payment.pk}/"
    (entry,) = entries()
    assert entry.event == "access.desk.find"
    assert entry.additional_data["kinds"] == ["payment_reference", "order_reference"]
    assert entry.additional_data["ids"] == [str(payment.pk)]
    assert entry.additional_data["rows"] == 1


def test_email_leads_to_its_customer_and_stands_in_no_address_nor_in_the_record(
    browser: Client, payment: Payment
) -> None:
    answer = find(browser, EMAIL)
    assert answer["Location"] == f"/customers/{payment.customer_id}/"
    builders.make_customer(builders.make_merchant())
    answer = find(browser, EMAIL)
    assert answer["Location"].startswith("/search/v1.")
    assert "odile" not in answer["Location"]
    page = browser.get(answer["Location"])
    assert f'value="{EMAIL}"' in page.content.decode()
    assert "Odile" not in words_of(page)
    assert "O. F." in words_of(page)
    one, other = entries()
    assert one.additional_data["term"] == other.additional_data["term"]
    assert one.additional_data["term"].startswith("masked:")
    for entry in (one, other):
        assert "odile" not in str(vars(entry)).lower()
        assert "asked" not in entry.additional_data


def test_each_search_is_one_entry_though_it_is_looked_for_twice(
    browser: Client, payment: Payment
) -> None:
    page = follow(browser, "12.34")
    assert payment.reference in words_of(page)
    assert [one.event for one in entries()] == ["access.desk.found"]
    assert len(entries()[0].additional_data["ids"]) == 1


def test_hits_are_grouped_by_what_the_term_is_and_the_groups_say_how_many(
    browser: Client, payment: Payment
) -> None:
    captured_payment(eur(4242_00))
    captured_payment(eur(1_00), order_reference="4242")
    words = words_of(follow(browser, "4242"))
    assert "Payments of this order 1 found" in words
    assert "Latest payments of this amount 1 found" in words
    assert "Looked for as: order reference, last four digits of a card, amount." in words


def test_more_than_twenty_are_told_and_not_counted(browser: Client) -> None:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    card = builders.make_card(merchant, customer)
    for _ in range(21):
        builders.new_payment(eur(9_99), merchant=merchant, customer=customer, card=card)
    page = follow(browser, "0077")
    assert "more than 20, the latest are shown" in words_of(page)
    assert "Add an amount or a date" in words_of(page)


def test_nothing_found_says_what_can_be_found(browser: Client) -> None:
    words = words_of(follow(browser, "Odile Fontane"))
    assert "Nothing was found" in words
    assert "nobody is found by a name" in words


def test_search_page_takes_few_statements(browser: Client, payment: Payment) -> None:
    for term in ("0077 12.34", "12345678", "4242"):
        url = find(browser, term)["Location"]
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        assert len(queries) <= MOST_QUERIES, term


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("", "Type what you look for."),
        ("   ", "Please fill this in."),
        ("\x00", "Please fill this in."),
        ("P-7F3A\x00", "Null characters are not allowed."),
        ("x" * 121, "This is too long"),
        ("x" * 100_000, "This is too long"),
        ("\x07bell", "characters that cannot be kept"),
        (CARD, "looks like a card number"),
        ("4111111111111111", "looks like a card number"),
        ("4111\u00a01111\u00a01111\u00a01111", "looks like a card number"),
        ("\uff14\uff11\uff11\uff11" + "\uff11" * 12, "looks like a card number"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_in_words(
    browser: Client, term: str, told: str
) -> None:
    page = find(browser, term)
    assert page.status_code == 400
    alert = words_of(page)
    assert "Nothing was looked for." in alert
    assert entries() == []
    if term.strip("\x00 "):
        assert told in alert


def test_card_number_is_not_shown_again_but_its_last_four_are(browser: Client) -> None:
    page = find(browser, f"{CARD} 12.34").content.decode()
    assert "4111 1111" not in page
    assert 'value="1111 12.34"' in page


@pytest.mark.parametrize("term", ["+4222222222222", "0042 2222 2222222", "+42 22 22 22 22 22 2"])
def test_thirteen_digits_of_a_telephone_number_are_no_card_number(
    browser: Client, term: str
) -> None:
    assert find_card_number(term.removeprefix("00").removeprefix("+"))
    assert follow(browser, term).status_code == 200


@pytest.mark.parametrize("term", ["4222222222222", f"+{CARD}", "+4222222222222 4222222222222"])
def test_card_number_is_refused_however_it_begins(browser: Client, term: str) -> None:
    assert find(browser, term).status_code == 400


def test_customer_is_found_by_a_number_as_it_is_said_in_his_country(
    browser: Client, payment: Payment
) -> None:
    answer = find(browser, "01 99 00 12 34")
    words = words_of(browser.get(answer["Location"]))
    assert payment.customer is not None
    assert payment.customer.reference in words


@pytest.mark.parametrize(
    "term", ["😀 مرحبا \u202e77", "é" * 120, "<script>", "%27 OR 1=1 --", "\ufffd"]
)
def test_any_other_text_is_looked_for_and_shown_again(browser: Client, term: str) -> None:
    page = follow(browser, term)
    assert page.status_code == 200
    assert page.context["term"] == term
    assert "<script>" not in page.content.decode().partition("<main")[2].partition("</main>")[0]


def test_bad_utf8_is_no_server_error(browser: Client) -> None:
    answer = browser.generic(
        "POST", "/search/find/", b"q=%ff%fe%80", "application/x-www-form-urlencoded"
    )
    assert answer.status_code in (302, 400)


def test_ticket_opens_for_its_person_alone_and_for_half_a_day(
    browser: Client, payment: Payment
) -> None:
    url = find(browser, "12.34")["Location"]
    assert agent_browser("Bruno Abt").get(url).status_code == 410
    assert browser.get(url).status_code == 200
    assert browser.get(url[:-3] + "x/").status_code == 410
    page = browser.get("/search/nonsense/")
    assert page.status_code == 410
    assert "This search is over" in words_of(page)
    actor, now = Actor(ActorKind.USER, "U-1", user_id=uuid.uuid4()), timezone.now()
    ticket = seal_term("12.34", actor, now)
    assert open_term(ticket, actor, now + timedelta(hours=11)) == "12.34"
    assert open_term(ticket, actor, now + timedelta(hours=13)) is None


def test_get_finds_nothing(browser: Client, payment: Payment) -> None:
    assert browser.get("/search/find/?q=12.34")["Location"] == "/search/"
    assert entries() == []


def test_search_that_fails_keeps_what_was_typed_and_says_so(
    browser: Client, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_key: Any, _limit: int, _is_live: bool) -> list[Any]:
        raise OperationalError("the server is gone")

    def wait(_key: Any, _limit: int, _is_live: bool) -> list[Any]:
        raise OperationalError("interrupted")

    monkeypatch.setitem(kinds, "amount", replace(kinds["amount"], find=wait))
    monkeypatch.setitem(kinds, "order_reference", replace(kinds["order_reference"], find=fail))
    page = follow(browser, "12.34")
    words = words_of(page)
    assert page.status_code == 200
    assert "This took too long, so it was not looked for to the end: amount." in words
    assert "This could not be looked for just now: order reference." in words
    assert 'value="12.34"' in page.content.decode()


def test_page_is_french_for_who_reads_french(browser: Client, payment: Payment) -> None:
    browser.cookies.load({"django_language": "fr"})
    words = words_of(follow(browser, "12,34"))
    assert "12,34 EUR" in words
    assert "Latest payments" not in words


def test_customer_in_two_shops_is_shown_twice(browser: Client) -> None:
    first = builders.make_customer(builders.make_merchant())
    second = builders.make_customer(builders.make_merchant(name="Harbor"))
    words = words_of(follow(browser, EMAIL))
    assert {first.reference, second.reference} <= set(words.split())
    assert Customer.objects.count() == 2
