"""Columns that a person chose, and views that he or his team saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import keyset
from audit.lists.models import ChosenColumns, SavedView
from payments.ledger.money import Money
from payments.models import Payment
from payments.parties.commands import add_card
from payments.parties.policy import CardDetails
from payments.tables import COLUMNS, USUAL
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, new_payment
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, references_in, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
LIST = "/payments/"
NEW = "/payments/views/new/"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    return agent_browser()


def heads_of(page: Any) -> list[str]:
    found = re.findall(r'<th[^>]*scope="col"[^>]*>\s*([^<]+?)\s*</th>', page.content.decode())
    return [one for one in found if one != "Choose"]


def labels(*names: str) -> list[str]:
    return [str(COLUMNS[name].label) for name in names]


EVERY = [name for name in COLUMNS if name != "reference"]


def choose(browser: Client, *names: str, query: str = "") -> Any:
    return browser.post("/payments/columns/", {"column": names, "query": query})


def save(browser: Client, query: str, name: str = "Mine", **given: str) -> SavedView:
    key = hidden(browser.get(f"{NEW}?{query}"), "key")
    answer = browser.post(NEW, {"name": name, "query": query, "key": key, **given})
    assert answer.status_code == 302, words_of(answer)
    return SavedView.objects.latest("made_at")


def test_usual_columns_are_shown_until_a_person_chooses(browser: Client) -> None:
    new_payment()
    assert heads_of(browser.get(LIST)) == labels(*USUAL)
    assert choose(browser, "card", "decline", query="state=processing")["Location"] == (
        "/payments/?state=processing"
    )
    assert heads_of(browser.get(LIST)) == labels("reference", "card", "decline")
    assert heads_of(agent_browser("Berta Lind").get(LIST)) == labels(*USUAL)
    browser.post("/payments/columns/", {"usual": "1", "query": ""})
    assert heads_of(browser.get(LIST)) == labels(*USUAL)


def test_every_column_shows_its_value_within_the_statements_of_a_page(browser: Client) -> None:
    captured_payment(eur(12_34), order_reference="A-1")
    declined = new_payment()
    builders.answer_attempt(declined, "declined", decline_code="insufficient_funds")
    choose(browser, *EVERY)
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(LIST)
    assert len(queries) <= MOST_QUERIES
    assert heads_of(page) == labels(*COLUMNS)
    words = words_of(page)
    for shown in ("visa •••• 0077", "sandbox", "insufficient_funds", "o•••@e•••.test", "A-1"):
        assert shown in words
    assert "odile" not in words.lower()


def test_columns_of_fifty_payments_cost_what_those_of_one_do(browser: Client) -> None:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    parties = {
        "merchant": merchant,
        "customer": customer,
        "card": builders.make_card(merchant, customer),
    }
    choose(browser, *EVERY)
    counts = []
    for number in (1, 20):
        for _ in range(number):
            new_payment(eur(100), **parties)
        with CaptureQueriesContext(connection) as queries:
            browser.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_column_that_is_not_there_is_refused(browser: Client) -> None:
    answer = choose(browser, "card_number")
    assert answer.status_code == 400
    assert not ChosenColumns.objects.exists()


def test_saved_view_opens_with_its_filters_and_its_columns(browser: Client) -> None:
    payment = captured_payment(eur(100))
    new_payment()
    choose(browser, "card")
    view = save(browser, "state=captured&after=0-0&nonsense=1")
    assert view.query == "state=captured"
    choose(browser, "merchant")
    page = browser.get(LIST)
    link = f"/payments/?state=captured&view={view.pk}"
    assert link in unescape(page.content.decode())
    opened = browser.get(link)
    assert references_in(opened) == [payment.reference]
    assert heads_of(opened) == labels("reference", "card")
    assert "Save to" not in words_of(opened)


def test_view_stays_open_while_filters_change_and_takes_them_over(browser: Client) -> None:
    new_payment()
    view = save(browser, "state=captured")
    found = browser.post(LIST, {"state": "processing", "view": str(view.pk)})
    assert found["Location"] == f"/payments/?state=processing&view={view.pk}"
    page = browser.get(found["Location"])
    assert "Save to “Mine”" in words_of(page)
    query = f"state=processing&view={view.pk}"
    answer = browser.post(f"/payments/views/{view.pk}/content/", {"query": query})
    assert answer["Location"] == f"/payments/?state=processing&view={view.pk}"
    assert "Save to" not in words_of(browser.get(answer["Location"]))


def test_columns_chosen_in_an_open_view_are_shown_and_can_be_saved_to_it(browser: Client) -> None:
    new_payment()
    view = save(browser, "")
    answer = choose(browser, "card", query=f"view={view.pk}")
    page = browser.get(answer["Location"])
    assert heads_of(page) == labels("reference", "card")
    assert "Save to “Mine”" in words_of(page)
    query = hidden(page, "query")
    assert "own=1" in query
    browser.post(f"/payments/views/{view.pk}/content/", {"query": unescape(query)})
    assert SavedView.objects.get().columns == ["reference", "card"]


def test_teams_view_is_the_teams_and_a_private_one_is_not(browser: Client) -> None:
    mine = save(browser, "state=captured", "Only mine")
    teams = save(browser, "state=failed", "For us", role="support_agent")
    colleague, lead = agent_browser("Berta Lind"), agent_browser("Lea Kurz", "support_lead")
    assert "For us" in words_of(colleague.get(LIST))
    for other, view in ((colleague, mine), (lead, mine), (lead, teams)):
        assert view.name not in words_of(other.get(LIST))
        assert view.name not in words_of(other.get(f"/payments/?view={view.pk}"))
        assert other.get(f"/payments/views/{view.pk}/name/").status_code == 404
        assert other.post(f"/payments/views/{view.pk}/removal/").status_code == 404
    assert colleague.post(f"/payments/views/{teams.pk}/removal/").status_code == 302


def test_view_is_renamed_removed_and_brought_back(browser: Client) -> None:
    view = save(browser, "state=captured")
    browser.post(f"/payments/views/{view.pk}/name/", {"name": "Caught"})
    assert "Caught" in words_of(browser.get("/payments/views/"))
    removed = browser.post(f"/payments/views/{view.pk}/removal/")
    page = browser.get(removed["Location"])
    assert "“Caught” was removed. Undo" in words_of(page)
    assert "No saved views yet" in words_of(page)
    browser.post(f"/payments/views/{view.pk}/restoration/")
    assert "Caught" in words_of(browser.get("/payments/views/"))
    assert "was removed" not in words_of(browser.get(removed["Location"]))


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x00b", "4000 0566 " + "5566 5556"])
def test_name_that_cannot_be_kept_comes_back_with_the_form(browser: Client, name: str) -> None:
    key = hidden(browser.get(NEW), "key")
    answer = browser.post(NEW, {"name": name, "query": "state=failed", "key": key})
    assert answer.status_code == 400
    assert hidden(answer, "query") == "state=failed"
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "merchant=\x00",
        "merchant=%00",
        "state=nonsense",
        "reference=a@b.test",
        "%ff=%fe",
        "&&&=",
        "é",
    ],
)
def test_filters_that_cannot_be_read_are_not_kept(browser: Client, query: str) -> None:
    key = hidden(browser.get(NEW), "key")
    answer = browser.post(NEW, {"name": "x", "query": query, "key": key})
    assert answer.status_code == 302
    assert SavedView.objects.get().query == ""


@pytest.mark.parametrize(
    "address", ["view=x", "view=00000000-0000-4000-8000-000000000000", "own=1"]
)
def test_address_that_names_no_view_shows_the_list(browser: Client, address: str) -> None:
    payment = new_payment()
    assert references_in(browser.get(f"/payments/?{address}")) == [payment.reference]


def test_more_than_a_thousand_is_not_counted(browser: Client, monkeypatch: Any) -> None:
    for _ in range(3):
        new_payment()
    assert "3 in all" in words_of(browser.get(LIST))
    monkeypatch.setattr("payments.views.payments.MOST_COUNTED", 2)
    monkeypatch.setitem(keyset.take.__kwdefaults__, "size", 1)
    assert "More than 2" in words_of(browser.get(LIST))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("currency=eur", {"declined", "captured"}),
        ("currency=JPY", {"yen"}),
        ("last_four=4242", {"captured"}),
        ("last_four=0077", {"declined", "yen"}),
        ("last_four=0077&decline=insufficient_funds", {"declined"}),
        ("decline=insufficient_funds", {"declined"}),
        ("decline=lost_card", set()),
        ("connector=sandbox&currency=EUR", {"declined", "captured"}),
        ("method=automatic", {"captured"}),
        ("method=manual&state=failed", {"declined"}),
    ],
)
def test_rarer_filters_combine_too(browser: Client, address: str, found: set[str]) -> None:
    made: dict[str, Payment] = {"yen": new_payment(Money(5, "JPY"))}
    made["declined"] = builders.answer_attempt(
        new_payment(), "declined", decline_code="insufficient_funds"
    )
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    card = add_card(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        connector="sandbox",
        card=CardDetails(
            token=builders.APPROVED,
            brand="visa",
            bin="400000",
            last_four="4242",
            exp_month=12,
            exp_year=2030,
        ),
        key=builders.new_key(),
    )
    made["captured"] = captured_payment(merchant=merchant, customer=customer, card=card)
    names = {payment.reference: name for name, payment in made.items()}
    page = browser.get(f"/payments/?{address}")
    assert {names[one] for one in references_in(page)} == found


def test_customer_is_a_filter_of_its_own(browser: Client) -> None:
    payment = new_payment()
    new_payment()
    assert payment.customer is not None
    address = f"/payments/?customer={payment.customer.reference.lower()}"
    assert references_in(browser.get(address)) == [payment.reference]


@pytest.mark.parametrize(
    "address",
    [
        "currency=XXQ",
        "currency=💶",
        "last_four=12",
        "last_four=٤٢٤٢",
        "customer=Odile",
        "method=x",
        "connector=unheard",
        "decline=x",
        "last_four=%00",
    ],
)
def test_rarer_filter_that_cannot_be_read_shows_nothing(browser: Client, address: str) -> None:
    new_payment()
    page = browser.get(f"/payments/?{address}")
    assert page.status_code == 200
    assert "Nothing is shown" in words_of(page)
