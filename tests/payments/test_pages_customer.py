"""The page of a customer: what it shows, what it hides, what each look leaves on record."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from audit import clock, guard
from audit.models import LogEntry, Look, SubjectKey
from payments.models import Payment
from tests.audit.people import PASSWORD
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, refunded_payment
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
CLEAR = ("Odile", "Fontane", "odile.fontane", "99 00 12 34")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Brun", "support_lead")


@pytest.fixture
def payment() -> Payment:
    return captured_payment(eur(12_34), order_reference="ORD-77")


def url_of(payment: Payment, more: str = "") -> str:
    return f"/customers/{payment.customer_id}/{more}"


def reveal(browser: Client, payment: Payment, detail: str = "email", **given: Any) -> Any:
    page = browser.get(url_of(payment))
    form = {"reason": "contact", "ticket": "", "key": hidden(page, f"{detail}-key"), **given}
    data = {f"{detail}-{name}": value for name, value in form.items()}
    return browser.post(url_of(payment, "reveals/new/"), data)


def reveals() -> list[LogEntry]:
    rows = LogEntry.objects.filter(event="access.parties.reveal", outcome="done")
    return [one for one in rows.order_by("timestamp") if "revealed" in one.additional_data]


def test_page_shows_what_an_agent_needs_and_nobodys_name(payment: Payment) -> None:
    refunded_payment(eur(5_00), merchant=payment.merchant, customer=payment.customer)
    page = agent_browser().get(url_of(payment))
    words = words_of(page)
    assert page.status_code == 200
    for shown in (
        "O. F.",
        "o•••@e•••.test",
        "•••34",
        payment.reference,
        "ORD-77",
        "Visa ·· 0077",
        "EUR 17.34",
        "EUR 5.00",
        "EUR 12.34",
        "Atelier Lumen",
    ):
        assert shown in words, shown
    assert not [clear for clear in CLEAR if clear in page.content.decode()]


def test_page_takes_at_most_twelve_statements_however_much_there_is(payment: Payment) -> None:
    browser = agent_browser()
    card = builders.make_card(payment.merchant, payment.customer)
    parties = {"merchant": payment.merchant, "customer": payment.customer, "card": card}
    for hour in range(15):
        with clock.at(NOON + timedelta(hours=hour)):
            builders.new_payment(eur(100), **parties)
    browser.get(url_of(payment))
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(url_of(payment))
    assert len(queries) <= MOST_QUERIES
    assert "All payments of this customer" in words_of(page)
    assert page.content.decode().count("data-row-link") == 10
    assert not [one for one in queries if "COUNT(*)" in one["sql"].upper()]


def test_agent_has_no_way_to_reveal(payment: Payment) -> None:
    browser = agent_browser()
    assert "Show it once" not in words_of(browser.get(url_of(payment)))
    answer = browser.post(url_of(payment, "reveals/new/"), {"email-key": str(uuid.uuid4())})
    assert answer.status_code == 403
    assert reveals() == []


def test_detail_is_shown_alone_once_and_never_kept(lead: Client, payment: Payment) -> None:
    page = reveal(lead, payment, ticket="DESK-1042")
    assert page.status_code == 200
    assert "odile.fontane@example.test" in words_of(page)
    assert "Odile" not in words_of(page)
    assert "no-store" in page["Cache-Control"]
    again = lead.get(url_of(payment))
    assert "odile.fontane" not in again.content.decode()
    assert "no-store" in again["Cache-Control"]


def test_each_reveal_is_one_entry_with_its_field_and_reason(lead: Client, payment: Payment) -> None:
    reveal(lead, payment, ticket="DESK-1042")
    reveal(lead, payment, "phone", reason="fraud")
    first, second = reveals()
    assert first.additional_data["revealed"] == ["email"]
    assert first.additional_data["reason"] == "contact"
    assert first.additional_data["ticket"] == "DESK-1042"
    assert second.additional_data["revealed"] == ["phone"]
    assert second.additional_data["reason"] == "fraud"
    assert first.object_pk == str(payment.customer_id)
    assert not [clear for clear in CLEAR if clear in str(vars(first)) + str(vars(second))]


def test_reveal_needs_a_fresh_proof_of_who_asks_and_gives_the_form_back(
    lead: Client, payment: Payment
) -> None:
    with clock.at(timezone.now() + timedelta(minutes=12)):
        page = lead.get(url_of(payment))
        key = hidden(page, "email-key")
        data = {"email-reason": "contact", "email-ticket": "DESK-7", "email-key": key}
        referer = f"http://testserver{url_of(payment)}"
        answer = lead.post(url_of(payment, "reveals/new/"), data, headers={"Referer": referer})
        assert answer["Location"].startswith("/accounts/reauthenticate/")
        assert reveals() == []
        lead.post(answer["Location"], {"password": PASSWORD})
        text = lead.get(url_of(payment)).content.decode()
    assert text.count('<details class="reveal" open>') == 1
    assert '<option value="contact" selected>' in text
    assert 'value="DESK-7"' in text


def test_form_sent_again_shows_nothing_more(lead: Client, payment: Payment) -> None:
    key = str(uuid.uuid4())
    assert reveal(lead, payment, key=key).status_code == 200
    again = reveal(lead, payment, key=key)
    assert again.status_code == 409
    assert "shown once for each time" in words_of(again)
    assert "odile.fontane" not in again.content.decode()
    assert len(reveals()) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"reason": ""},
        {"reason": "because"},
        {"reason": "contact\x00"},
        {"ticket": "4111 1111 1111 1111"},
        {"ticket": "4111111111111111"},
        {"ticket": "jane@example.test"},
        {"ticket": "x" * 10_000},
        {"ticket": "😀"},
        {"ticket": "\u202e12"},
        {"ticket": "\x00"},
        {"key": ""},
        {"key": "not-a-key"},
        {"key": "x" * 10_000},
    ],
)
def test_form_that_is_not_in_order_shows_nothing(
    lead: Client, payment: Payment, given: dict[str, str]
) -> None:
    page = reveal(lead, payment, **given)
    assert page.status_code == 400
    assert "odile.fontane" not in page.content.decode()
    assert reveals() == []


def test_nothing_sent_or_another_field_is_no_form_of_ours(lead: Client, payment: Payment) -> None:
    for data in ({}, {"email_index-key": str(uuid.uuid4())}, {"email": "x"}):
        page = lead.post(url_of(payment, "reveals/new/"), data)
        assert page.status_code == 400
        assert "not as it was given to you" in words_of(page)
    body = b"email-key=%ff%fe&email-reason=%80"
    kind = "application/x-www-form-urlencoded"
    assert lead.generic("POST", url_of(payment, "reveals/new/"), body, kind).status_code == 400
    assert reveals() == []


def test_refused_form_comes_back_open_with_its_reason(lead: Client, payment: Payment) -> None:
    page = reveal(lead, payment, reason="", ticket="DESK-7").content.decode()
    assert page.count('<details class="reveal" open>') == 1
    assert 'value="DESK-7"' in page
    assert "Choose why you need to see it." in page


def test_erased_customer_is_shown_as_erased_and_reveals_nothing(
    lead: Client, payment: Payment
) -> None:
    with guard.suspended():
        SubjectKey.objects.filter(pk=str(payment.customer_id)).update(wrapped="")
    page = lead.get(url_of(payment))
    assert "erased" in words_of(page)
    assert "Show it once" not in words_of(page)
    data = {"email-reason": "contact", "email-key": str(uuid.uuid4())}
    assert lead.post(url_of(payment, "reveals/new/"), data).status_code == 409
    assert reveals() == []


def test_what_is_not_known_has_nothing_to_reveal(lead: Client) -> None:
    merchant = builders.make_merchant()
    bare = builders.make_customer(merchant, name="", email="", phone="")
    page = lead.get(f"/customers/{bare.pk}/")
    assert words_of(page).count("not known") == 4
    assert "Show it once" not in words_of(page)
    assert "Nothing was paid yet." in words_of(page)
    assert "No card is known of this customer." in words_of(page)


def test_customer_who_is_not_there_is_missing(lead: Client, payment: Payment) -> None:
    for more in ("", "reveals/new/", "looks/", "panels/cards/"):
        url = f"/customers/{uuid.uuid4()}/{more}"
        answer = lead.post(url, {}) if more == "reveals/new/" else lead.get(url)
        assert answer.status_code in (403, 404), more
    assert lead.get("/customers/not-an-id/").status_code == 404
    assert lead.get(url_of(payment, "panels/nothing/")).status_code == 404


def test_panels_are_pages_of_their_own_without_script(lead: Client, payment: Payment) -> None:
    page = lead.get(url_of(payment)).content.decode()
    lazy = re.findall(rf'hx-get="({url_of(payment)}panels/\w+/)"', page)
    assert sorted(url.split("/")[-2] for url in lazy) == ["notes", "refunds"]
    for url in lazy:
        assert f'href="{url}"' in page
        whole = lead.get(url)
        part = lead.get(url, headers={"HX-Request": "true"})
        assert "<main" in whole.content.decode()
        assert "<main" not in part.content.decode()


def test_panel_needs_its_own_permission(lead: Client, payment: Payment) -> None:
    assert lead.get(url_of(payment, "panels/looks/")).status_code == 403
    officer = agent_browser("Paul Vidal", "privacy_officer")
    page = officer.get(url_of(payment))
    assert payment.reference not in page.content.decode()
    assert officer.get(url_of(payment, "panels/payments/")).status_code == 403
    assert officer.get(url_of(payment, "panels/looks/")).status_code == 200


def test_looks_at_page_payment_and_lists_are_found_by_the_customer(
    lead: Client, payment: Payment
) -> None:
    other = captured_payment(eur(1_00))
    agent = agent_browser()
    agent.get("/payments/")
    agent.get(f"/payments/{payment.pk}/")
    agent.get(url_of(other))
    reveal(lead, payment, reason="dispute", ticket="DESK-9")
    auditor = agent_browser("Aurelio Brandt", "auditor")
    words = words_of(auditor.get(url_of(payment, "looks/")))
    assert "Looked at the list of payments among 2 customers" in words
    assert "Looked at a payment" in words
    assert "Saw a detail of a customer in clear Email Evidence for a dispute DESK-9" in words
    assert words.count("Agathe Morel") == 2
    assert words.count("Lea Brun") == 2


def test_looks_are_written_beside_their_entry_and_counted_in_it(payment: Payment) -> None:
    captured_payment(eur(1_00))
    agent_browser().get("/payments/")
    entry = LogEntry.objects.get(event="access.payments.list")
    assert Look.objects.filter(entry=entry).count() == 2
    assert entry.additional_data["subjects"] == 2


def test_looks_of_a_customer_are_found_by_index_and_paged_by_key(payment: Payment) -> None:
    agent = agent_browser()
    for _ in range(51):
        agent.get(f"/payments/{payment.pk}/progress/")
        agent.get(f"/payments/{payment.pk}/")
    auditor = agent_browser("Aurelio Brandt", "auditor")
    with CaptureQueriesContext(connection) as queries:
        first = auditor.get(url_of(payment, "looks/"))
    statements = [one["sql"] for one in queries]
    assert len(statements) <= MOST_QUERIES
    following = first.context["pager"].next_url
    assert len(first.context["rows"]) == 50
    lines = [*first.context["rows"], *auditor.get(following).context["rows"]]
    # The auditor's own looks stand among them; where depends on the database's clock.
    assert len({line.url for line in lines if line.sentence == "Looked at a payment"}) == 51
    (sql,) = [one for one in statements if one.startswith("SELECT") and "audit_look" in one]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "audit_look_subject" in plan
        assert "SCAN" not in plan


def test_payment_page_and_list_lead_to_the_customer(payment: Payment) -> None:
    browser = agent_browser()
    for url in (f"/payments/{payment.pk}/", "/payments/"):
        assert f'href="{url_of(payment)}"' in browser.get(url).content.decode(), url
