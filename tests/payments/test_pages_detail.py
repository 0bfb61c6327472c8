"""The page of a payment: its money, what may be done, its story, and who has looked."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import guard, panels
from audit.actor import acting_as
from audit.models import LogEntry
from payments.commands.payments import record_authorization_lost, retry_payment
from payments.commands.refunds import record_refund_lost
from payments.commands.voids import void_payment
from payments.models import Attempt, Payment
from payments.queries import timeline
from tests.audit.people import as_actor, hire
from tests.payments import builders
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    authorized_payment,
    captured_payment,
    eur,
    new_key,
    new_payment,
    refunded_payment,
    requested_refund,
    void_answer,
)
from tests.payments.pages import MOST_QUERIES, agent_browser, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    return agent_browser()


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Lund", "support_lead")


def test_the_amounts_are_told_in_words(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    answer_refund(requested_refund(payment, eur(1500)))
    requested_refund(payment, eur(500))
    words = words_of(browser.get(page_of(payment)))
    for told in (
        "EUR 15.00 Refunded: given back",
        "EUR 5.00 Refunds on their way",
        "EUR 80.00 Can still be refunded",
        "EUR 100.00 Captured",
    ):
        label, amount = told.split(" ", 2)[2], " ".join(told.split(" ", 2)[:2])
        assert re.search(rf"{label}[^€]*?{amount}", words), told


def test_no_personal_data_stands_in_clear(browser: Client) -> None:
    payment = captured_payment()
    page = browser.get(page_of(payment)).content.decode()
    assert "O. F." in page
    for secret in ("Odile", "Fontane", "odile.fontane@example.test", "99 00 12 34"):
        assert secret not in page


def test_the_agent_may_refund_and_reads_why_he_may_not_capture(browser: Client) -> None:
    page = browser.get(page_of(captured_payment()))
    assert "Your role does not capture payments." in words_of(page)
    assert "refunds/new/" in page.content.decode()
    assert "captures/new/" not in page.content.decode()


@pytest.mark.parametrize(
    ("payment", "offered", "reason"),
    [
        (new_payment, (), "No authorization is open."),
        (authorized_payment, ("captures/new/", "void/new/"), "Nothing has been captured"),
        (captured_payment, ("refunds/new/",), "Everything authorized has been captured"),
        (refunded_payment, (), "Everything captured has been refunded"),
    ],
)
def test_what_is_allowed_now_is_offered_and_the_rest_explained(
    lead: Client, payment: object, offered: tuple[str, ...], reason: str
) -> None:
    made = payment()  # type: ignore[operator]
    page = lead.get(page_of(made))
    links = set(re.findall(r'href="[^"]*?((?:refunds|captures|void)/new/)"', page.content.decode()))
    assert links == set(offered)
    assert reason in words_of(page)


def test_a_decline_is_explained_with_what_to_say(browser: Client) -> None:
    payment = answer_attempt(
        new_payment(),
        "declined",
        decline_code="stolen_card",
        raw_decline_code="43",
        avs="N",
        cvv="M",
        three_ds="challenge:Y",
    )
    words = words_of(browser.get(page_of(payment)))
    assert "Do not tell the customer this" in words
    assert "Say to the customer: “Your bank declined the payment." in words
    assert "do not try the same card as it is" in words
    assert "stolen_card 43" in words
    assert "Visa ·· 0077" in words
    assert "12/2030" in words
    assert "Address does not match" in words
    assert "Security code matches" in words
    assert "3-D Secure confirmed by the customer" in words


def test_a_code_nobody_has_mapped_is_shown_as_it_is(browser: Client) -> None:
    payment = answer_attempt(
        new_payment(), "declined", decline_code="", raw_decline_code="moon_phase", avs="?"
    )
    words = words_of(browser.get(page_of(payment)))
    assert "moon_phase" in words
    assert "a reason we have no name for" in words
    assert "Address ?" in words


def test_the_story_tells_each_event_once_with_who_and_newest_first(browser: Client) -> None:
    payment = answer_attempt(new_payment(), "declined", decline_code="do_not_honor")
    card = Attempt.objects.get(payment=payment).card_id
    retry_payment(payment_id=payment.pk, card_id=card, key=new_key())
    answer_attempt(payment)
    titles = [one.title for one in browser.get(page_of(payment)).context["page"].moments]
    assert titles == [
        "Authorization granted",
        "Asked the provider for an authorization",
        "Authorization declined",
        "Asked the provider for an authorization",
        "Took a payment",
    ]


def test_the_story_of_a_refund_names_the_people_and_signs_the_money(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(as_actor(hire("Agathe Morel", "support_agent"))):
        refund = requested_refund(payment, eur(1234))
    answer_refund(refund)
    page = browser.get(page_of(payment))
    sent, asked = page.context["page"].moments[:2]
    assert (asked.actor, asked.title) == ("Agathe Morel", "Asked for a refund")
    assert (sent.title, sent.direction, sent.amount) == ("Refund sent", "out", eur(1234))
    assert refund.reference in str(asked.detail)
    assert "−EUR 12.34" in words_of(page)


def test_a_look_is_on_record_and_not_in_the_story(browser: Client) -> None:
    payment = captured_payment()
    first = browser.get(page_of(payment)).context["page"].moments
    assert browser.get(page_of(payment)).context["page"].moments == first
    entries = LogEntry.objects.filter(event="access.payments.detail")
    assert {entry.object_pk for entry in entries} == {str(payment.pk)}


def test_a_refused_try_is_in_the_story(browser: Client) -> None:
    payment = captured_payment(eur(1000))
    with pytest.raises(Exception, match="refund_refused"):
        requested_refund(payment, eur(1001))
    newest = browser.get(page_of(payment)).context["page"].moments[0]
    assert newest.title == "Refused: asked for a refund"
    assert newest.status == "rejected"


def test_the_books_show_what_the_ledger_has(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    answer_refund(requested_refund(payment, eur(1234)))
    page = browser.get(page_of(payment))
    statement = page.context["page"].statement
    movements = statement.movements
    assert [one.transfer.code for one in movements] == [
        "capture",
        "capture_fee",
        "refund_requested",
        "refund_sent",
    ]
    last = [(line.account, line.debit, line.credit) for line in movements[-1].lines]
    assert last == [
        ("Refunds on their way", eur(1234), None),
        ("Provider clearing", None, eur(1234)),
    ]
    assert "Owed to the merchant EUR 12.34" in words_of(page)
    # 100.00 less a fee of 1.65, then less the refund.
    assert [one.owed_after for one in movements] == [
        eur(10_000),
        eur(9_835),
        eur(8_601),
        eur(8_601),
    ]
    assert (statement.debits, statement.credits) == (eur(12_633), eur(12_633))
    assert (statement.with_provider, statement.in_flight) == (eur(8_766), eur(0))
    assert statement.is_balanced
    assert "It adds up: debits and credits are both EUR 126.33." in words_of(page)


def test_books_that_do_not_add_up_say_so(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    with guard.suspended():
        Payment.objects.filter(pk=payment.pk).update(captured_minor=9_000)
    words = words_of(browser.get(page_of(payment)))
    assert "It does not add up." in words
    assert "EUR 100.00 by the books, EUR 90.00 by the payment" in words


@pytest.mark.parametrize("status", ["pending", "awaiting_approval"])
def test_books_of_a_refund_that_is_not_over_add_up(browser: Client, status: str) -> None:
    payment = captured_payment(eur(100_000))
    who = as_actor(hire("Bruno Petit", "support_agent"))
    with acting_as(who):
        refund = requested_refund(payment, eur(100 if status == "pending" else 90_000))
    assert refund.status == status
    statement = browser.get(page_of(payment)).context["page"].statement
    assert statement.is_balanced
    assert statement.in_flight == eur(100 if status == "pending" else 0)


def test_a_refund_shows_what_the_customers_bank_asks_for(browser: Client) -> None:
    payment = captured_payment()
    refund = requested_refund(payment, eur(100), comment="Parcel lost")
    refund = answer_refund(refund, arn="74537601234567890123456")
    page = browser.get(page_of(payment))
    words = words_of(page)
    assert "74537601234567890123456" in words
    assert refund.provider_reference in words
    assert "Customer asked" in words
    assert "Parcel lost" in words
    assert 'data-copy="74537601234567890123456"' in page.content.decode()


def test_a_failed_refund_says_why(browser: Client) -> None:
    payment = captured_payment()
    answer_refund(requested_refund(payment, eur(100)), "failed", failure_code="expired_card")
    assert "Why it failed expired_card" in words_of(browser.get(page_of(payment)))


def test_a_refund_that_waits_leads_to_its_request(browser: Client) -> None:
    payment = captured_payment(eur(100_000))
    with acting_as(as_actor(hire("Agathe Morel", "support_agent"))):
        requested_refund(payment, eur(90_000))
    page = browser.get(page_of(payment))
    assert "A colleague has to approve it" in words_of(page)
    link = re.search(r'href="(/approvals/[^"]+)">See the request', page.content.decode())
    assert link is not None
    assert browser.get(link[1]).status_code == 200


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_reason_is_told_in_the_readers_language(browser: Client, language: str) -> None:
    payment = refunded_payment()
    browser.cookies["django_language"] = language
    words = words_of(browser.get(page_of(payment)))
    assert ("Demande du client" in words) == (language == "fr")


def test_an_unknown_refund_says_what_we_do_and_when(browser: Client) -> None:
    payment = captured_payment()
    refund = requested_refund(payment, eur(100))
    record_refund_lost(refund_id=refund.pk)
    page = browser.get(page_of(payment))
    assert "Do not refund it again" in words_of(page)
    assert "We ask again at" in words_of(page)
    assert 'hx-trigger="every 30s"' in page.content.decode()
    for _ in range(7):
        record_refund_lost(refund_id=refund.pk)
    words = words_of(browser.get(page_of(payment)))
    assert "We asked 7 times without an answer: a person has to ask the provider." in words
    assert "Asked the provider again: still no answer" in words


def test_an_unknown_authorization_says_not_to_take_it_again(browser: Client) -> None:
    payment = new_payment()
    record_authorization_lost(attempt_id=Attempt.objects.get(payment=payment).pk)
    assert "Do not take the payment again." in words_of(browser.get(page_of(payment)))


def progress_address(browser: Client, payment: Payment) -> str:
    page = browser.get(page_of(payment)).content.decode()
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_open_page_is_read_anew_only_when_something_moved(lead: Client) -> None:
    payment = authorized_payment()
    void_payment(payment_id=payment.pk, key=new_key())
    address = progress_address(lead, payment)
    looks = LogEntry.objects.count()
    quiet = lead.get(address, headers={"HX-Request": "true"})
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert "HX-Refresh" not in quiet.headers
    assert LogEntry.objects.count() == looks
    attempt = Attempt.objects.get(payment=payment)
    from payments.commands.voids import record_void_result

    record_void_result(attempt_id=attempt.pk, answer=void_answer(attempt), key=new_key())
    moved = lead.get(address, headers={"HX-Request": "true"})
    assert moved.headers["HX-Refresh"] == "true"
    assert "hx-get" not in lead.get(page_of(payment)).content.decode()


def test_without_script_the_same_address_is_the_page(browser: Client) -> None:
    payment = new_payment()
    answer = browser.get(page_of(payment, "progress/"))
    assert (answer.status_code, answer["Location"]) == (302, page_of(payment))


def test_nothing_asks_again_once_all_is_settled(browser: Client) -> None:
    assert "hx-get" not in browser.get(page_of(captured_payment())).content.decode()


def test_an_unknown_payment_is_not_found_and_the_try_is_on_record(browser: Client) -> None:
    missing = uuid.uuid4()
    assert browser.get(f"/payments/{missing}/").status_code == 404
    entry = LogEntry.objects.get(event="access.payments.detail")
    assert entry.outcome == "denied"
    assert entry.additional_data["asked"] == {"payment_id": str(missing)}


def test_the_page_of_a_long_story_takes_few_statements(browser: Client) -> None:
    payment = captured_payment(eur(100_000))
    for _ in range(12):
        answer_refund(requested_refund(payment, eur(100)))
    browser.get(page_of(payment))
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(page_of(payment))
    assert len(page.context["page"].moments) >= 24
    assert len(queries) <= MOST_QUERIES


def test_a_higher_app_adds_a_part_of_the_page_and_rows_of_the_story(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = captured_payment()
    other = captured_payment()
    monkeypatch.setattr(panels, "_places", {})
    panels.add_panels(
        panels.PAYMENT,
        [
            panels.Panel(
                code="disputes",
                title="Disputes",
                permission="payments.view_payment",
                template="partials/empty.html",
                read=lambda about: panels.Content({"title": f"None about {about.obj}"}),
            ),
            panels.Panel(
                code="secret",
                title="Not for agents",
                permission="audit.view_logentry",
                template="partials/empty.html",
                read=lambda _about: panels.NOTHING,
            ),
        ],
    )
    monkeypatch.setattr(timeline, "sources", [lambda _story: [timeline.Told(other)]])
    page = browser.get(page_of(payment))
    words = words_of(page)
    assert "Disputes" in words
    assert "Not for agents" not in words
    titles = [one.title for one in page.context["page"].moments]
    assert titles.count("Took a payment") == 2


def test_a_payment_without_a_customer_has_a_page(browser: Client) -> None:
    merchant = builders.make_merchant()
    from payments.commands.payments import create_payment

    payment = create_payment(
        merchant_id=merchant.pk,
        customer_id=None,
        card_id=builders.make_card(merchant).pk,
        amount=eur(100),
        capture_method=Payment.CaptureMethod.MANUAL,
        key=new_key(),
    )
    assert "not known" in words_of(browser.get(page_of(payment)))
    assert browser.get("/payments/").status_code == 200


@pytest.mark.parametrize("role", ["privacy_officer", "access_administrator"])
def test_who_sees_no_payments_sees_no_page(role: str) -> None:
    browser = agent_browser("Paul Vidal", role)
    payment = captured_payment()
    for more in ("", "progress/", "refunds/new/", "captures/new/", "void/new/"):
        assert browser.get(page_of(payment, more)).status_code == 403, more
