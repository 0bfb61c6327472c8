"""The list of payments: what it finds, what it costs, and that looking is on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import clock
from audit.models import LogEntry
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, new_payment, requested_refund
from tests.payments.pages import MOST_QUERIES, agent_browser, references_in, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    return agent_browser()


@pytest.fixture
def parties() -> dict[str, Any]:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    return {
        "merchant": merchant,
        "customer": customer,
        "card": builders.make_card(merchant, customer),
    }


def taken_at(moment: datetime, amount: Money, **given: Any) -> Payment:
    with clock.at(moment):
        return new_payment(amount, **given)


def test_the_list_shows_what_an_agent_looks_for_and_nobodys_name(browser: Client) -> None:
    payment = captured_payment(eur(12_34), order_reference="A-31337")
    page = browser.get("/payments/")
    words = words_of(page)
    assert page.status_code == 200
    for shown in (payment.reference, "Captured", "EUR 12.34", "Atelier Lumen", "A-31337"):
        assert shown in words
    assert payment.customer is not None
    assert payment.customer.reference in words
    assert "Odile" not in words
    assert "example.test" not in words


def test_the_newest_payment_comes_first(browser: Client, parties: dict[str, Any]) -> None:
    made = [taken_at(NOON + timedelta(hours=h), eur(100), **parties) for h in range(3)]
    assert references_in(browser.get("/payments/")) == [one.reference for one in reversed(made)]


def test_a_page_takes_at_most_twelve_statements_and_counts_nothing(
    browser: Client, parties: dict[str, Any]
) -> None:
    for hour in range(60):
        taken_at(NOON + timedelta(hours=hour), eur(100), **parties)
    browser.get("/payments/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.get("/payments/?state=processing&reference=C-0&amount_min=1")
    assert len(queries) <= MOST_QUERIES
    with CaptureQueriesContext(connection) as queries:
        page = browser.get("/payments/")
    assert len(references_in(page)) == 50
    assert len(queries) <= MOST_QUERIES
    counts = [one["sql"] for one in queries if "COUNT(" in one["sql"].upper()]
    assert len(counts) == 1
    assert "LIMIT 1001" in counts[0]


def test_pages_lead_on_and_back_and_keep_the_filters(
    browser: Client, parties: dict[str, Any]
) -> None:
    # Many of one moment: the key decides between them.
    made = [taken_at(NOON, eur(100), **parties) for _ in range(60)]
    taken_at(NOON, eur(999), **parties)
    first = browser.get("/payments/?amount=1.00")
    following = first.context["pager"].next_url
    assert parse_qs(urlsplit(following).query)["amount"] == ["1.00"]
    second = browser.get(following)
    seen = references_in(first) + references_in(second)
    assert sorted(seen) == sorted(one.reference for one in made)
    assert second.context["pager"].next_url is None
    back = browser.get(second.context["pager"].previous_url)
    assert references_in(back) == references_in(first)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("state=captured", {"captured"}),
        ("state=captured&state=failed", {"captured", "failed"}),
        ("amount=20.00", {"captured"}),
        ("amount=20", {"captured"}),
        ("amount_min=10&amount_max=20.00", {"captured", "new"}),
        ("amount_min=15", {"captured", "failed"}),
        ("amount_max=15&state=processing", {"new"}),
        ("since=2026-03-02", {"captured", "failed"}),
        ("until=2026-03-02", {"new", "captured"}),
        ("since=2026-03-02&until=2026-03-02", {"captured"}),
        ("reference=ORDER-7", {"captured"}),
        ("reference=ORDER-7&state=failed", set()),
    ],
)
def test_filters_combine(
    browser: Client, parties: dict[str, Any], address: str, found: set[str]
) -> None:
    day = timedelta(days=1)
    made = {"new": taken_at(NOON, eur(1000), **parties)}
    with clock.at(NOON + day):
        made["captured"] = captured_payment(eur(2000), order_reference="ORDER-7", **parties)
    with clock.at(NOON + 2 * day):
        made["failed"] = builders.answer_attempt(new_payment(eur(3000), **parties), "declined")
    names = {payment.reference: name for name, payment in made.items()}
    page = browser.get(f"/payments/?{address}")
    assert {names[one] for one in references_in(page)} == found


def test_an_amount_fits_each_currency_by_its_own_decimals(
    browser: Client, parties: dict[str, Any]
) -> None:
    euros = new_payment(eur(1200), **parties)
    yen = new_payment(Money(12, "JPY"), **parties)
    new_payment(Money(1200, "JPY"), **parties)
    assert set(references_in(browser.get("/payments/?amount=12"))) == {
        euros.reference,
        yen.reference,
    }
    # No yen is 12.50, and a range of whole yen lies inside its bounds.
    assert references_in(browser.get("/payments/?amount=12.50")) == []
    assert references_in(browser.get("/payments/?amount_min=11.50&amount_max=11.99")) == []


def test_a_french_reader_types_a_comma(browser: Client, parties: dict[str, Any]) -> None:
    payment = new_payment(eur(123_450), **parties)
    browser.cookies["django_language"] = "fr"
    assert references_in(browser.get("/payments/?amount=1 234,50")) == [payment.reference]


def test_a_payment_is_found_by_every_name_it_has(browser: Client) -> None:
    payment = captured_payment(eur(5000), order_reference="ORDER-9")
    captured_payment(eur(5000))
    refund = builders.answer_refund(requested_refund(payment, eur(100)))
    attempt = Attempt.objects.get(payment=payment)
    capture = Capture.objects.get(payment=payment)
    assert payment.customer is not None
    for name in (
        payment.reference,
        payment.reference.lower(),
        str(payment.pk),
        "ORDER-9",
        refund.reference,
        refund.provider_reference,
        attempt.provider_reference,
        capture.provider_reference,
        payment.customer.reference,
    ):
        page = browser.get("/payments/", {"reference": f" {name} "})
        assert references_in(page) == [payment.reference], name


def test_tests_are_told_from_what_is_real(browser: Client, parties: dict[str, Any]) -> None:
    merchant = parties["merchant"]
    given = {
        "merchant": merchant,
        "customer": builders.make_customer(merchant, is_live=True),
        "card": builders.make_card(merchant, is_live=True),
    }
    real = new_payment(eur(100), **given, is_live=True)
    test = new_payment(eur(100), **parties)
    assert references_in(browser.get("/payments/")) == [test.reference]
    pages = [browser.get(f"/payments/{one.pk}/").content.decode() for one in (real, test)]
    assert ["No money moves" in page for page in pages] == [False, True]
    assert ["Live payment" in page for page in pages] == [True, False]


def test_merchants_are_told_apart(browser: Client, parties: dict[str, Any]) -> None:
    mine = new_payment(eur(100), **parties)
    new_payment(eur(100))
    page = browser.get("/payments/", {"merchant": str(parties["merchant"].pk)})
    assert references_in(page) == [mine.reference]


@pytest.mark.parametrize(
    "address",
    [
        {"state": "nonsense"},
        {"merchant": "x"},
        {"merchant": "00000000-0000-4000-8000-000000000000"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"amount": "12,3,4"},
        {"amount": "9" * 39},
        {"amount": "-5"},
        {"amount": "💶"},
        {"amount_min": "\x00"},
        {"amount_min": "10", "amount_max": "9"},
        {"reference": "a\x00b"},
        {"reference": "x" * 5000},
        {"reference": "somebody@example.test"},
        {"reference": "4000 0566 " + "5566 5556"},
    ],
)
def test_a_filter_that_cannot_be_read_is_said_and_shows_nothing(
    browser: Client, address: dict[str, str]
) -> None:
    payment = new_payment()
    for answer in (browser.get("/payments/", address), browser.post("/payments/", address)):
        assert answer.status_code in (200, 400)
        assert "Nothing is shown" in words_of(answer)
        assert payment.reference not in words_of(answer)


@pytest.mark.parametrize("address", [{"reference": "💳 naïve \u202e"}, {"amount": "999999999999"}])
def test_a_strange_filter_that_fits_nothing_finds_nothing(
    browser: Client, address: dict[str, str]
) -> None:
    new_payment()
    page = browser.get("/payments/", address)
    assert page.status_code == 200
    assert "No payment fits these filters" in words_of(page)


@pytest.mark.parametrize("cursor", ["x", "1-2", "9" * 60 + "-" + "0" * 32, "\x00"])
def test_an_address_that_names_no_page_shows_the_first(browser: Client, cursor: str) -> None:
    payment = new_payment()
    page = browser.get("/payments/", {"after": cursor})
    assert references_in(page) == [payment.reference]
    assert "this is the first" in words_of(page)


def test_what_is_sent_leads_to_an_address_without_anything_empty(browser: Client) -> None:
    answer = browser.post(
        "/payments/",
        {"reference": " P-1 ", "state": ["captured", "failed"], "merchant": "", "amount": ""},
    )
    assert answer.status_code == 302
    assert answer["Location"] == "/payments/?reference=P-1&state=captured&state=failed"
    assert browser.post("/payments/", {"reference": ""})["Location"] == "/payments/"


def test_an_email_never_reaches_an_address(browser: Client) -> None:
    answer = browser.post("/payments/", {"reference": "odile@example.test"})
    assert answer.status_code == 400
    assert "Location" not in answer


def test_filters_are_taken_away_one_by_one(browser: Client) -> None:
    new_payment()
    address = "/payments/?state=captured&state=failed&amount_min=10&after=0-" + "0" * 32
    chips = {str(one.value): one.url for one in browser.get(address).context["chips"]}
    assert chips == {
        "captured": "/payments/?state=failed&amount_min=10",
        "failed": "/payments/?state=captured&amount_min=10",
        "10": "/payments/?state=captured&state=failed",
    }


def test_an_empty_list_says_so_and_a_narrow_one_has_a_way_out(browser: Client) -> None:
    assert "No payments yet" in words_of(browser.get("/payments/"))
    page = browser.get("/payments/?state=captured")
    assert "No payment fits these filters" in words_of(page)
    assert 'href="/payments/">Clear the filters' in page.content.decode().replace("\n", "")


def test_looking_at_the_list_is_on_record(browser: Client) -> None:
    payment = new_payment()
    browser.get("/payments/")
    entry = LogEntry.objects.get(event="access.payments.list")
    assert entry.additional_data["ids"] == [str(payment.pk)]
    assert entry.additional_data["rows"] == 1
    assert entry.actor_roles == ["support_agent"]


def test_without_the_permission_the_list_stays_shut() -> None:
    browser = agent_browser("Paul Vidal", "privacy_officer")
    assert browser.get("/payments/").status_code == 403
    assert LogEntry.objects.get(event="access.payments.list").outcome == "denied"
