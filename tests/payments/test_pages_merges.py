"""The pages of a merge: which customer stays, what moves, the decision, and what it is afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit.approvals.models import Approval
from payments.models import Payment
from payments.parties.models import Customer, Merge
from payments.parties.queries import MOST_ALIKE
from tests.payments import builders
from tests.payments.builders import captured_payment, eur
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
WHY = "She says that both are hers."


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    return captured_payment(eur(12_34))


@pytest.fixture
def twin(payment: Payment) -> Payment:
    """A payment of a second account of the same person."""
    customer = builders.make_customer(payment.merchant, name="O. Fontane")
    return captured_payment(eur(50_00), merchant=payment.merchant, customer=customer)


@pytest.fixture
def agent() -> Client:
    return agent_browser()


def customer_of(payment: Payment) -> Customer:
    assert payment.customer is not None
    return payment.customer


def url_of(payment: Payment, into: Payment | None = None) -> str:
    query = f"?into={customer_of(into).reference}" if into else ""
    return f"/customers/{payment.customer_id}/merges/new/{query}"


def ask(browser: Client, twin: Payment, payment: Payment, **given: Any) -> Any:
    page = browser.get(url_of(twin, payment))
    form = {"reason": WHY, "key": hidden(page, "key"), **given}
    return browser.post(url_of(twin, payment), form)


def approve(twin: Payment) -> Any:
    lead = agent_browser("Lea Brun", "support_lead")
    approval = Approval.objects.get()
    form = {"verdict": "approve", "note": "", "key": str(uuid.uuid4())}
    return lead.post(f"/approvals/{approval.pk}/decision/new/", form)


def test_page_offers_customers_with_the_same_address_and_shows_no_name(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    page = agent.get(url_of(twin))
    assert customer_of(payment).reference in words_of(page)
    assert f'href="?into={customer_of(payment).reference}"' in page.content.decode()
    assert "Odile" not in page.content.decode()


def test_page_offers_the_latest_ten_and_says_that_there_are_more(
    agent: Client, payment: Payment
) -> None:
    for _number in range(MOST_ALIKE):
        builders.make_customer(payment.merchant)
    more = "There are more: the latest are shown."
    assert more not in agent.get(url_of(payment)).content.decode()
    newest = builders.make_customer(payment.merchant)
    page = agent.get(url_of(payment)).content.decode()
    assert more in page
    assert page.count('href="?into=') == MOST_ALIKE
    assert newest.reference in page


def test_preview_shows_both_and_what_moves(agent: Client, payment: Payment, twin: Payment) -> None:
    agent.get(url_of(twin, payment))
    with CaptureQueriesContext(connection) as queries:
        page = agent.get(url_of(twin, payment))
    assert len(queries) <= MOST_QUERIES
    words = words_of(page)
    for shown in ("O. F.", "EUR 50.00", "Visa ·· 0077", "becomes a pointer", "Nothing is booked"):
        assert shown in words, shown
    assert "EUR 12.34" not in words


def test_asked_and_approved_merge_leads_to_the_survivor_with_everything(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    answer = ask(agent, twin, payment)
    assert answer["Location"] == f"/customers/{twin.customer_id}/"
    waiting = words_of(agent.get(answer["Location"]))
    assert "waits for the approval of a colleague" in waiting
    assert "Merge into another" not in waiting
    approval = Approval.objects.get()
    lead = agent_browser("Lena Voss", "support_lead")
    words = words_of(lead.get(f"/approvals/{approval.pk}/"))
    for shown in (WHY, "EUR 50.00", "Are they one person?", "See the customer"):
        assert shown in words, shown
    assert "See the payment" not in words
    assert approve(twin).status_code == 302
    moved = agent.get(f"/customers/{twin.customer_id}/")
    assert moved["Location"] == f"/customers/{payment.customer_id}/"
    page = words_of(agent.get(moved["Location"]))
    for shown in (payment.reference, twin.reference, "EUR 62.34", customer_of(twin).reference):
        assert shown in page, shown


def test_inbox_shows_a_merge_without_an_amount(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    ask(agent, twin, payment)
    lead = agent_browser("Lea Brun", "support_lead")
    assert "Merge of customers" in words_of(lead.get("/approvals/"))
    assert lead.get("/").status_code == 200
    approve(twin)
    assert "Merge of customers" in words_of(lead.get("/approvals/?tab=decided"))
    assert agent.get("/").status_code == 200


def test_search_finds_the_duplicate_and_leads_to_the_survivor(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    ask(agent, twin, payment)
    approve(twin)
    answer = agent.post("/search/find/", {"q": customer_of(twin).reference})
    assert agent.get(answer["Location"])["Location"] == f"/customers/{payment.customer_id}/"
    by_reference = agent.get(f"/payments/?reference={customer_of(payment).reference}")
    assert twin.reference in words_of(by_reference)


@pytest.mark.parametrize(
    "given",
    [
        {"reason": ""},
        {"reason": "x" * 201},
        {"reason": "card 4111 1111 1111 1111"},
        {"reason": "\uff14" + "\uff11" * 15},
        {"reason": "4111\u00a01111\u00a01111\u00a01111"},
        {"reason": "\x00"},
        {"key": ""},
        {"key": "none"},
    ],
)
def test_form_that_is_not_in_order_asks_for_nothing(
    agent: Client, payment: Payment, twin: Payment, given: dict[str, str]
) -> None:
    assert ask(agent, twin, payment, **given).status_code == 400
    assert Merge.objects.count() == 0


def test_right_to_left_and_emoji_are_words_like_others(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    assert ask(agent, twin, payment, reason="نفس الشخص 😀").status_code == 302
    assert Approval.objects.get().reason == "نفس الشخص 😀"


@pytest.mark.parametrize(
    "into", ["", "C-", "C-ZZZZZZZZ", "P-7F3A09BC12DE", "x" * 5000, "\x00", "😀", "%ff"]
)
def test_customer_who_is_not_there_is_told_so(
    agent: Client, payment: Payment, twin: Payment, into: str
) -> None:
    page = agent.get(f"/customers/{twin.customer_id}/merges/new/", {"into": into})
    assert page.status_code == 400
    assert "invalid-feedback" in page.content.decode()


def test_merge_that_may_not_be_says_why_beside_the_button(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    stranger = captured_payment(eur(1_00))
    page = words_of(agent.get(url_of(twin, stranger)))
    assert "customers of two merchants" in page
    answer = agent.post(url_of(twin, stranger), {"reason": WHY, "key": str(uuid.uuid4())})
    assert answer.status_code == 409
    assert WHY in answer.content.decode()
    assert Merge.objects.count() == 0


def test_who_may_not_ask_sees_no_way_to(payment: Payment, twin: Payment) -> None:
    analyst = agent_browser("Dora Lind", "dispute_analyst")
    assert "Merge into another" not in words_of(analyst.get(f"/customers/{twin.customer_id}/"))
    assert analyst.get(url_of(twin, payment)).status_code == 403


def test_double_click_asks_once(agent: Client, payment: Payment, twin: Payment) -> None:
    form = {"reason": WHY, "key": hidden(agent.get(url_of(twin, payment)), "key")}
    for _ in range(2):
        assert agent.post(url_of(twin, payment), form).status_code == 302
    assert Merge.objects.count() == 1


def merged(agent: Client, twin: Payment, payment: Payment) -> Merge:
    ask(agent, twin, payment)
    approve(twin)
    return Merge.objects.get()


def test_merge_is_taken_back_from_the_page_by_two_people(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    merge = merged(agent, twin, payment)
    page = agent.get(f"/customers/{payment.customer_id}/")
    url = f"/customers/merges/{merge.pk}/splits/new/"
    assert url in page.content.decode()
    form = {"reason": WHY, "key": hidden(agent.get(url), "key")}
    assert agent.post(url, form)["Location"] == f"/customers/{payment.customer_id}/"
    page = agent.get(f"/customers/{payment.customer_id}/")
    assert "waits for a colleague" in words_of(page)
    assert url not in page.content.decode()
    lead = agent_browser("Lea Brun", "support_lead")
    approval = Approval.objects.get(kind="split")
    assert "Are they two people?" in words_of(lead.get(f"/approvals/{approval.pk}/"))
    decision = {"verdict": "approve", "note": "", "key": str(uuid.uuid4())}
    assert lead.post(f"/approvals/{approval.pk}/decision/new/", decision).status_code == 302
    assert agent.get(f"/customers/{twin.customer_id}/").status_code == 200


def test_taking_back_refuses_in_words_and_keeps_what_was_typed(
    agent: Client, payment: Payment, twin: Payment
) -> None:
    url = f"/customers/merges/{merged(agent, twin, payment).pk}/splits/new/"
    answer = agent.post(url, {"reason": "4242 4242 4242 4242", "key": str(uuid.uuid4())})
    assert answer.status_code == 400
    assert "card number" in words_of(answer)
    assert "Nothing was shown" not in words_of(answer)
    answer = agent.post(url, {"reason": WHY, "key": "x"})
    assert answer.status_code == 400
    assert WHY in answer.content.decode()
    with CaptureQueriesContext(connection) as asked:
        agent.get(url)
    assert len(asked) <= MOST_QUERIES
