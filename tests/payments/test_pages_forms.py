"""The forms that refund, capture and void: preview, refusals, and one act however often sent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from audit.models import LogEntry
from payments.commands.intents import confirm_intent, create_intent
from payments.ledger.models import Transfer
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, Refund
from payments.webhooks.models import Event
from tests.payments.builders import (
    authorized_payment,
    captured_payment,
    eur,
    make_card,
    make_merchant,
    make_reason,
    new_key,
    refunded_payment,
    requested_refund,
)
from tests.payments.pages import agent_browser, hidden, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
REFUND, CAPTURE, VOID = "refunds/new/", "captures/new/", "void/new/"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser() -> Client:
    make_reason()
    return agent_browser()


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Lund", "support_lead")


def opened(browser: Client, payment: Payment, form: str = REFUND, **typed: Any) -> dict[str, Any]:
    """What the browser would send from a form just opened, with this typed into it."""
    page = browser.get(page_of(payment, form))
    assert page.status_code == 200
    sent: dict[str, Any] = {"key": hidden(page, "key")}
    if form != VOID:
        sent["seen"] = hidden(page, "seen")
        sent["amount"] = hidden(page, "amount")
    if form == REFUND:
        sent["reason"] = "requested_by_customer"
    return {**sent, **typed}


def send(browser: Client, payment: Payment, sent: dict[str, Any], form: str = REFUND) -> Any:
    return browser.post(page_of(payment, form), sent)


def test_a_full_refund_is_ready_to_be_sent(browser: Client) -> None:
    payment = captured_payment(eur(1234))
    answer = send(browser, payment, opened(browser, payment))
    assert (answer.status_code, answer["Location"]) == (302, page_of(payment))
    refund = Refund.objects.get()
    assert (refund.amount, refund.status) == (eur(1234), Refund.Status.PENDING)
    page = words_of(browser.get(page_of(payment)))
    assert f"Refund {refund.reference} is on its way." in page


def test_part_of_a_payment_is_refunded_as_typed(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    send(browser, payment, opened(browser, payment, amount="12.34", comment=" Parcel  lost "))
    refund = Refund.objects.get()
    assert (refund.amount, refund.comment) == (eur(1234), "Parcel lost")
    assert LogEntry.objects.filter(
        event="payments.refund.requested", actor_roles=["support_agent"], outcome="done"
    ).exists()


def test_a_french_agent_reads_and_types_a_comma(browser: Client) -> None:
    payment = captured_payment(eur(123_456))
    browser.cookies["django_language"] = "fr"
    sent = opened(browser, payment)
    assert sent["amount"] == "1234,56"
    send(browser, payment, {**sent, "amount": "1 012,5"})
    assert Refund.objects.get().amount == eur(101_250)


def test_yen_have_no_decimals(browser: Client) -> None:
    payment = captured_payment(Money(1200, "JPY"))
    sent = opened(browser, payment)
    assert sent["amount"] == "1200"
    answer = send(browser, payment, {**sent, "amount": "12.5"})
    assert answer.status_code == 400
    assert "JPY has 0 decimals" in words_of(answer)


def test_the_consequences_stand_before_the_button(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    words = words_of(browser.get(page_of(payment, REFUND)))
    # The fee is 1.40 and 0.25: what the merchant is owed is less than what was captured.
    assert "EUR 100.00 back on the card Visa ·· 0077" in words
    assert "Atelier Lumen is owed EUR 98.35 now and EUR -1.65 afterwards." in words
    assert "The merchant would then owe us EUR 1.65." in words
    assert "Needed: it is above your limit of EUR 50.00." in words
    assert "Refund requested: Owed to the merchant to Refunds on their way" in words
    assert "Refund sent: Refunds on their way to Provider clearing" in words
    assert "will be refunded; EUR 0.00 can still be refunded." in words
    assert words.index("What this does") < words.index("Send the refund")


def test_within_the_limit_it_says_so_and_without_one_too(browser: Client, lead: Client) -> None:
    small = captured_payment(eur(5_000))
    assert "within your limit of EUR 50.00" in words_of(browser.get(page_of(small, REFUND)))
    dollars = captured_payment(Money(100, "USD"))
    assert "you have no limit of your own" in words_of(browser.get(page_of(dollars, REFUND)))


PREVIEW = "refunds/preview/"


def preview(browser: Client, payment: Payment, *, script: bool = True, **typed: Any) -> Any:
    sent = opened(browser, payment, **typed)
    headers = {"HX-Request": "true"} if script else {}
    return browser.post(page_of(payment, PREVIEW), sent, headers=headers)


def plain(response: Any) -> str:
    """The words of a part of a page."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(text).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_preview_follows_the_amount_and_sends_nothing(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    part = preview(browser, payment, amount="12.34", reason="")
    assert part.status_code == 200
    words = plain(part)
    assert "<main" not in part.content.decode()
    assert "EUR 12.34 back on the card" in words
    assert "Not needed: it is within your limit" in words
    assert "is owed EUR 98.35 now and EUR 86.01 afterwards." in words
    assert "would then owe us" not in words
    assert "will be partly refunded; EUR 87.66 can still be refunded." in words
    assert Refund.objects.count() == 0
    assert LogEntry.objects.filter(event="access.payments.refund_preview").count() == 1


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("100.01", "more than what can still be refunded"),
        ("0", "must be above zero"),
        ("12.345", "EUR has 2 decimals"),
        ("", "required"),
        ("abc", ""),
        ("9" * 60, ""),
        ("4000 0566 5566 5556", ""),
        ("١٢", ""),
        ("1\x00", ""),
    ],
)
def test_the_preview_of_a_bad_amount_says_what_is_wrong(
    browser: Client, amount: str, said: str
) -> None:
    payment = captured_payment(eur(10_000))
    part = preview(browser, payment, amount=amount)
    assert part.status_code == 200
    assert said in plain(part)
    assert "preview-no" in part.content.decode()
    assert Refund.objects.count() == 0


def test_without_script_the_preview_is_the_form_with_what_was_typed(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    page = preview(browser, payment, script=False, amount="12.34", reason="", comment="Vase")
    assert page.status_code == 200
    words = words_of(page)
    assert "EUR 12.34 back on the card" in words
    assert "required" not in words
    body = page.content.decode()
    assert 'value="12.34"' in body
    assert "Vase" in body
    assert f'action="{page_of(payment, REFUND)}"' in body
    answer = send(browser, payment, {**opened(browser, payment), "amount": "12.34"})
    assert answer.status_code == 302


def test_the_preview_of_a_payment_of_nobody_is_not_found(browser: Client) -> None:
    answer = browser.post(f"/payments/{uuid.uuid4()}/{PREVIEW}", headers={"HX-Request": "true"})
    assert answer.status_code == 404


def test_above_the_limit_it_waits_and_says_so(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    send(browser, payment, opened(browser, payment, amount="50.01"))
    refund = Refund.objects.get()
    assert refund.status == Refund.Status.AWAITING_APPROVAL
    words = words_of(browser.get(page_of(payment)))
    assert f"Refund {refund.reference} waits for the approval of a colleague." in words


def test_a_double_click_is_one_refund(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    sent = opened(browser, payment, amount="10")
    first = send(browser, payment, sent)
    second = send(browser, payment, sent)
    assert first["Location"] == second["Location"] == page_of(payment)
    assert Refund.objects.count() == 1
    assert Transfer.objects.filter(code="refund_requested").count() == 1


def test_a_form_sent_before_is_not_sent_again_for_another_amount(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    sent = opened(browser, payment, amount="10")
    send(browser, payment, sent)
    answer = send(browser, payment, {**sent, "amount": "11"})
    assert answer.status_code == 409
    assert "already used" in words_of(answer)
    assert Refund.objects.count() == 1


def test_a_stale_screen_says_what_changed_and_keeps_what_was_typed(browser: Client) -> None:
    payment = captured_payment(eur(10_000))
    sent = opened(browser, payment, amount="40.00", comment="Broken cup")
    requested_refund(payment, eur(2_500))
    answer = send(browser, payment, sent)
    assert answer.status_code == 409
    assert "it was EUR 100.00 and is EUR 75.00 now" in words_of(answer)
    assert "At most EUR 75.00 can be refunded now." in words_of(answer)
    assert hidden(answer, "amount") == "40.00"
    assert "Broken cup" in words_of(answer)
    again = {**sent, "seen": hidden(answer, "seen"), "key": hidden(answer, "key")}
    assert send(browser, payment, again).status_code == 302
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [2_500, 4_000]


@pytest.mark.parametrize(
    ("typed", "said", "status"),
    [
        ({"amount": "100.01"}, "more than what can still be refunded", 409),
        ({"amount": "0"}, "must be above zero", 409),
        ({"amount": "-1"}, "Write the amount in digits", 400),
        ({"amount": "ten"}, "Write the amount in digits", 400),
        ({"amount": "1.234"}, "EUR has 2 decimals", 400),
        ({"amount": "9" * 13}, "too large", 400),
        ({"amount": "9" * 400}, "at most 40 characters", 400),
        ({"amount": "\x00"}, "Null characters", 400),
        ({"amount": ""}, "required", 400),
        ({"reason": ""}, "required", 400),
        ({"reason": "because"}, "not one of the available", 400),
        ({"comment": "card 4000 0566 " + "5566 5556"}, "card number", 400),
        ({"comment": "a\x00b"}, "Null characters", 400),
        ({"comment": "\x1b[31m"}, "cannot be kept", 400),
        ({"comment": "x" * 501}, "at most 500 characters", 400),
        ({"key": "x"}, "not as it was given to you", 400),
        ({"seen": "x"}, "not as it was given to you", 400),
    ],
)
def test_what_cannot_be_sent_comes_back_with_the_reason(
    browser: Client, typed: dict[str, str], said: str, status: int
) -> None:
    payment = captured_payment(eur(10_000))
    sent = opened(browser, payment, comment="Keep me", amount="7.77") | typed
    answer = send(browser, payment, sent)
    assert answer.status_code == status
    shown = words_of(answer)
    assert said in shown
    assert Refund.objects.count() == 0
    if "comment" not in typed:
        assert "Keep me" in shown
    if "amount" not in typed:
        assert hidden(answer, "amount") == "7.77"


def test_a_comment_of_a_card_number_is_not_in_the_log(browser: Client) -> None:
    payment = captured_payment()
    send(browser, payment, opened(browser, payment, comment="4000 0566 " + "5566 5556"))
    # Four digits alone may stand in an id; the number's groups never stand together.
    logged = str(list(LogEntry.objects.values()))
    assert "0566 5566" not in logged
    assert "40000566" not in logged


def test_an_emoji_in_a_comment_is_kept(browser: Client) -> None:
    payment = captured_payment(eur(1000))
    send(browser, payment, opened(browser, payment, comment="Merci 🙏 à bientôt"))
    assert Refund.objects.get().comment == "Merci 🙏 à bientôt"


def test_a_form_that_comes_back_is_a_look_and_one_that_is_sent_is_none(browser: Client) -> None:
    payment = captured_payment(eur(1000))
    sent = opened(browser, payment)
    looks = LogEntry.objects.filter(event="access.payments.refund_new")
    assert looks.count() == 1
    send(browser, payment, {**sent, "reason": ""})
    assert looks.count() == 2
    send(browser, payment, sent)
    assert looks.count() == 2


def test_reasons_come_from_the_list_in_the_readers_language(browser: Client) -> None:
    payment = captured_payment(eur(1000))
    assert "Customer asked" in words_of(browser.get(page_of(payment, REFUND)))
    browser.cookies["django_language"] = "fr"
    assert "Demande du client" in words_of(browser.get(page_of(payment, REFUND)))


@pytest.mark.parametrize("form", [REFUND, CAPTURE, VOID])
def test_a_form_of_what_cannot_be_says_why_and_has_no_button(lead: Client, form: str) -> None:
    payment = refunded_payment()
    page = lead.get(page_of(payment, form))
    assert page.status_code == 200
    assert "Back to the payment" in words_of(page)
    assert 'name="key"' not in page.content.decode()


@pytest.mark.parametrize("form", [REFUND, CAPTURE, VOID])
def test_a_form_of_no_payment_is_not_found(lead: Client, form: str) -> None:
    for method in (lead.get, lead.post):
        assert method(f"/payments/{uuid.uuid4()}/{form}").status_code == 404


@pytest.mark.parametrize("form", [CAPTURE, VOID])
def test_an_agent_neither_captures_nor_voids(browser: Client, form: str) -> None:
    payment = authorized_payment()
    for method in (browser.get, browser.post):
        assert method(page_of(payment, form)).status_code == 403
    assert Attempt.objects.get().status == Attempt.Status.AUTHORIZED


def test_a_permission_taken_away_acts_on_the_next_request(browser: Client) -> None:
    from config.access.models import User

    payment = captured_payment(eur(1000))
    sent = opened(browser, payment)
    person = User.objects.get(email="agathe@house.test")
    person.groups.clear()
    assert send(browser, payment, sent).status_code == 403
    assert Refund.objects.count() == 0


def test_what_is_held_is_captured_in_parts_and_once_for_each_form(lead: Client) -> None:
    payment = authorized_payment(eur(10_000))
    sent = opened(lead, payment, CAPTURE, amount="60")
    for _click in range(2):
        assert send(lead, payment, sent, CAPTURE)["Location"] == page_of(payment)
    assert [one.amount for one in Capture.objects.all()] == [eur(6_000)]
    assert "The capture is on its way." in words_of(lead.get(page_of(payment)))
    rest = opened(lead, payment, CAPTURE)
    assert rest["amount"] == "40.00"


def test_a_stale_capture_says_what_changed(lead: Client) -> None:
    payment = authorized_payment(eur(10_000))
    old, new = (opened(lead, payment, CAPTURE, amount=amount) for amount in ("60", "30"))
    send(lead, payment, new, CAPTURE)
    answer = send(lead, payment, old, CAPTURE)
    assert answer.status_code == 409
    assert "it was EUR 100.00 and is EUR 70.00 now" in words_of(answer)
    assert hidden(answer, "amount") == "60"


def test_a_capture_above_what_is_held_is_refused(lead: Client) -> None:
    payment = authorized_payment(eur(10_000))
    answer = send(lead, payment, opened(lead, payment, CAPTURE, amount="100.01"), CAPTURE)
    assert answer.status_code == 409
    assert "more than what can still be captured" in words_of(answer)
    assert Capture.objects.count() == 0


def test_a_hold_is_let_go_once(lead: Client) -> None:
    payment = authorized_payment(eur(10_000))
    assert "lets go of EUR 100.00" in words_of(lead.get(page_of(payment, VOID)))
    sent = opened(lead, payment, VOID)
    for _click in range(2):
        assert send(lead, payment, sent, VOID)["Location"] == page_of(payment)
    assert Attempt.objects.get().status == Attempt.Status.VOIDING
    assert "asked to let go" in words_of(lead.get(page_of(payment)))


def test_a_void_of_what_was_captured_meanwhile_is_refused(lead: Client) -> None:
    payment = authorized_payment(eur(10_000))
    sent = opened(lead, payment, VOID)
    send(lead, payment, opened(lead, payment, CAPTURE), CAPTURE)
    answer = send(lead, payment, sent, VOID)
    assert answer.status_code == 409
    assert "A capture is on its way." in words_of(answer)


def test_every_form_names_its_fields_for_those_who_hear_them(browser: Client) -> None:
    payment = captured_payment(eur(1000))
    page = browser.get(page_of(payment, REFUND)).content.decode()
    for field in ("amount", "reason", "comment"):
        assert re.search(rf'<label[^>]*for="id_{field}"', page), field


# Giving up what was only prepared


def prepared() -> Payment:
    merchant = make_merchant()
    return create_intent(merchant_id=merchant.pk, amount=eur(4_200), key=new_key())


def test_payment_that_was_not_confirmed_is_canceled_on_its_page(lead: Client) -> None:
    payment = prepared()
    page = words_of(lead.get(page_of(payment)))
    assert "Cancel the payment" in page
    form = lead.get(page_of(payment, VOID))
    assert "The shop can no longer confirm it" in words_of(form)
    sent = {"key": hidden(form, "key")}
    for _ in range(2):
        answer = lead.post(page_of(payment, VOID), sent)
        assert (answer.status_code, answer["Location"]) == (302, page_of(payment))
    payment.refresh_from_db()
    assert payment.status == "canceled"
    entries = LogEntry.objects.filter(event="payments.intent.canceled", outcome="done")
    assert entries.count() == 1
    assert Event.objects.filter(type="payment.canceled", object_id=payment.pk).count() == 1
    page = words_of(lead.get(page_of(payment)))
    assert "It was canceled." in page


def test_payment_that_was_confirmed_meanwhile_is_not_canceled(lead: Client) -> None:
    payment = prepared()
    sent = {"key": hidden(lead.get(page_of(payment, VOID)), "key")}
    card = make_card(payment.merchant)
    confirm_intent(payment_id=payment.pk, card_id=card.pk, key=new_key())
    answer = lead.post(page_of(payment, VOID), sent)
    assert answer.status_code == 409
    payment.refresh_from_db()
    assert payment.status == "processing"


def test_who_may_not_void_cancels_nothing() -> None:
    payment = prepared()
    reader = agent_browser("Rita Reader", "auditor")
    assert reader.post(page_of(payment, VOID), {"key": new_key()}).status_code == 403
    payment.refresh_from_db()
    assert payment.status == "requires_confirmation"
