"""Correcting a customer's details on the page: masked before and after, sealed, found anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import LogEntry
from payments.models import Payment
from payments.parties import queries
from payments.parties.models import Customer
from tests.payments.builders import captured_payment, eur
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
CARD = "4242 4242 4242 4242"


@pytest.fixture
def payment() -> Payment:
    cache.clear()
    return captured_payment(eur(12_34))


@pytest.fixture
def agent() -> Client:
    return agent_browser()


def url_of(payment: Payment) -> str:
    return f"/customers/{payment.customer_id}/details/new/"


def customer_of(payment: Payment) -> Customer:
    assert payment.customer is not None
    return Customer.objects.get(pk=payment.customer.pk)


def correct(agent: Client, payment: Payment, **given: Any) -> Any:
    form = {"reason": "asked", "seen": hidden(agent.get(url_of(payment)), "seen")}
    return agent.post(url_of(payment), {**form, **given})


def test_correction_is_sealed_and_the_customer_is_found_anew(
    agent: Client, payment: Payment
) -> None:
    answer = correct(agent, payment, email="new@example.test", emptied=["address"])
    assert answer.status_code == 302
    customer = customer_of(payment)
    assert "new@example.test" not in str(vars(customer))
    assert queries.reveal(customer)["email"] == "new@example.test"
    assert queries.reveal(customer)["name"] == "Odile Fontane"
    assert queries.find_customers_by_email("NEW@example.test") == [customer]
    assert queries.find_customers_by_email("odile.fontane@example.test") == []


def test_correction_is_on_record_as_digests_with_its_reason(
    agent: Client, payment: Payment
) -> None:
    correct(agent, payment, email="new@example.test", reason="returned", ticket="DESK-7")
    entry = LogEntry.objects.get(event="parties.customer.changed")
    assert set(entry.changes) == {"email"}
    assert all(side.startswith("masked:") for side in entry.changes["email"])
    why = LogEntry.objects.get(event="parties.customer.reason")
    assert why.command_id == entry.command_id
    assert why.additional_data == {"reason": "returned", "fields": ["email"], "ticket": "DESK-7"}
    record = "".join(str(vars(one)) for one in LogEntry.objects.order_by("pk"))
    assert "new@example.test" not in record
    assert "odile.fontane" not in record.lower()


def test_form_shows_what_is_known_masked_alone(agent: Client, payment: Payment) -> None:
    page = agent.get(url_of(payment)).content.decode()
    assert "Odile" not in page
    assert "odile.fontane" not in page
    assert "O" in words_of(agent.get(url_of(payment)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Nothing is to be changed"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"phone": "call me"}, "not a telephone number"),
        ({"phone": "1" * 20}, "not a telephone number"),
        ({"name": "x" * 121}, "at most 120"),
        ({"name": "x" * 5000}, "at most"),
        ({"name": f"Odile {CARD}"}, "card number"),
        ({"address": CARD.replace(" ", "\N{NO-BREAK SPACE}")}, "card number"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"name": "A", "reason": ""}, "Choose why"),
        ({"name": "A", "reason": "because"}, "valid choice"),
        ({"name": "A", "ticket": "ask Odile"}, "short number"),
        ({"name": "A", "emptied": ["name"]}, "Either write it, or remove it"),
        ({"name": "A", "emptied": ["key"]}, "valid choice"),
        ({"name": "A", "seen": "x"}, "not as it was given"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_written(
    agent: Client, payment: Payment, given: dict[str, Any], words: str
) -> None:
    before = queries.details_version(customer_of(payment))
    answer = correct(agent, payment, **given)
    assert answer.status_code == 400
    assert words in words_of(answer)
    assert queries.details_version(customer_of(payment)) == before


def test_names_of_any_script_are_kept(agent: Client, payment: Payment) -> None:
    name = "عمر \N{RIGHT-TO-LEFT MARK}🎈"
    assert correct(agent, payment, name=name).status_code == 302
    assert queries.reveal(customer_of(payment), ["name"])["name"] == name


def test_stale_screen_is_refused_with_what_was_typed(agent: Client, payment: Payment) -> None:
    seen = hidden(agent.get(url_of(payment)), "seen")
    correct(agent, payment, phone="+33 1 99 00 55 55")
    answer = correct(agent, payment, seen=seen, name="Somebody Else")
    assert answer.status_code == 409
    assert "Somebody changed these details" in words_of(answer)
    assert 'value="Somebody Else"' in answer.content.decode()
    assert queries.reveal(customer_of(payment), ["name"])["name"] == "Odile Fontane"
    assert hidden(answer, "seen") != seen


def test_second_click_on_what_was_done_is_no_mistake(agent: Client, payment: Payment) -> None:
    seen = hidden(agent.get(url_of(payment)), "seen")
    for _click in range(2):
        assert correct(agent, payment, seen=seen, name="Odile Autre").status_code == 302
    assert LogEntry.objects.filter(event="parties.customer.changed").count() == 1


def test_old_proof_leads_to_a_new_one(agent: Client, payment: Payment, settings: Any) -> None:
    seen = hidden(agent.get(url_of(payment)), "seen")
    settings.STEP_UP_S = -1
    form = {"reason": "asked", "seen": seen, "name": "Odile Autre"}
    answer = agent.post(url_of(payment), form)
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert queries.reveal(customer_of(payment), ["name"])["name"] == "Odile Fontane"


def test_page_costs_no_more_than_others(agent: Client, payment: Payment) -> None:
    with CaptureQueriesContext(connection) as asked:
        agent.get(url_of(payment))
    assert len(asked) <= MOST_QUERIES
