"""The desk shows live data or test data, and never both together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory

from audit import clock, guard, modes
from audit.actor import Actor
from audit.jobs.models import Job
from audit.keyset import Cursor, Place
from audit.models import LogEntry
from config.access.models import User
from payments.commands.captures import capture_payment, record_capture_lost
from payments.gateways.commands import create_account
from payments.gateways.models import ConnectorAccount
from payments.models import Attempt, Payment, Refund
from payments.parties.models import Merchant
from payments.proofs import payments_off
from tests.audit.people import browser_of, hire
from tests.payments import builders
from tests.payments.builders import (
    authorized_payment,
    captured_payment,
    eur,
    new_payment,
    requested_refund,
)
from tests.payments.pages import hidden, references_in, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
BANNER = "Lists and figures show tests."
LISTS = ("/payments/", "/payments/expiring/", "/payments/unsettled/")


@pytest.fixture
def person(somebody: Actor) -> User:
    return hire("Mona Modes", "support_lead")


def pay(merchant: Merchant, make: Any, *, is_live: bool, **given: Any) -> Payment:
    customer = builders.make_customer(merchant, is_live=is_live)
    card = builders.make_card(merchant, customer, is_live=is_live)
    made: Payment = make(
        eur(12_34), merchant=merchant, customer=customer, card=card, is_live=is_live, **given
    )
    return made


@pytest.fixture
def both(somebody: Actor) -> dict[bool, Payment]:
    """A payment of each mode that is in every list: held, soon to expire, its outcome unknown."""
    merchant = builders.make_merchant(is_live=True)
    made = {
        is_live: pay(merchant, authorized_payment, is_live=is_live) for is_live in (False, True)
    }
    for payment in made.values():
        capture = capture_payment(payment_id=payment.pk, amount=eur(100), key=builders.new_key())
        record_capture_lost(capture_id=capture.pk)
    return made


def switch(browser: Client, word: str, address: str = "/payments/") -> Any:
    return browser.post("/mode/", {"mode": word, "next": address})


def test_house_that_takes_no_live_money_begins_with_its_tests(person: User) -> None:
    builders.make_merchant(is_live=True)
    browser = browser_of(person)
    assert browser.session[modes.KEY] == "test"
    payment = new_payment()
    assert references_in(browser.get("/payments/")) == [payment.reference]


def test_house_that_takes_live_money_begins_with_it(
    person: User, both: dict[bool, Payment]
) -> None:
    browser = browser_of(person)
    assert browser.session[modes.KEY] == "live"
    page = browser.get("/payments/")
    assert references_in(page) == [both[True].reference]
    assert BANNER not in page.content.decode()


def test_account_that_no_provider_has_taken_is_no_live_money(person: User) -> None:
    create_account(
        connector="stripe",
        name="Draft",
        is_live=True,
        api_key="sk_live_draftofthetests",
        key="draft",
    )
    assert not ConnectorAccount.objects.filter(is_live=True, is_proven=True).exists()
    assert browser_of(person).session[modes.KEY] == "test"


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("is_live", [False, True])
def test_list_shows_the_mode_chosen_and_the_banner_says_which(
    person: User, both: dict[bool, Payment], address: str, is_live: bool
) -> None:
    browser = browser_of(person)
    switch(browser, modes.word_of(is_live))
    page = browser.get(address)
    assert references_in(page) == [both[is_live].reference]
    html = page.content.decode()
    assert (BANNER in html) is not is_live
    assert both[not is_live].reference not in html


@pytest.mark.parametrize("is_live", [False, True])
def test_home_shows_what_waits_and_figures_of_the_mode_chosen(
    person: User, both: dict[bool, Payment], is_live: bool
) -> None:
    browser = browser_of(person)
    switch(browser, modes.word_of(is_live))
    page = browser.get("/")
    piles = {pile.need.code: pile.count for pile in page.context["page"].piles}
    assert piles["unknown"] == 1
    waiting = {row.words for pile in page.context["page"].piles for row in pile.rows}
    assert waiting == {both[is_live].reference}
    assert [row.now.taken for row in page.context["figures"].today] == [1]


@pytest.mark.parametrize("is_live", [False, True])
def test_search_by_what_only_fits_shows_the_mode_chosen(
    person: User, both: dict[bool, Payment], is_live: bool
) -> None:
    browser = browser_of(person)
    switch(browser, modes.word_of(is_live))
    for term in ("12.34", "0077", "0077 12.34", f"0077 {datetime.now(UTC):%Y-%m-%d}"):
        page = browser.post("/search/find/", {"q": term}, follow=True)
        assert references_in(page) == [both[is_live].reference], term


def test_search_by_name_finds_either_and_says_which_it_is(
    person: User, both: dict[bool, Payment]
) -> None:
    browser = browser_of(person)
    for payment in both.values():
        answer = browser.post("/search/find/", {"q": payment.reference})
        assert answer["Location"] == f"/payments/{payment.pk}/"


@pytest.mark.parametrize("desk", ["live", "test"])
@pytest.mark.parametrize("is_live", [False, True])
def test_payment_of_either_mode_opens_by_its_address_and_says_what_it_is(
    person: User, both: dict[bool, Payment], desk: str, is_live: bool
) -> None:
    browser = browser_of(person)
    switch(browser, desk)
    for more in ("", "void/new/", "captures/new/"):
        page = browser.get(f"/payments/{both[is_live].pk}/{more}")
        assert page.status_code == 200
        html = page.content.decode()
        assert ("No money moves for it." in html) is not is_live
        assert ("Money moves for it." in html) is (is_live and desk == "test")
        assert BANNER not in html
        other = f"Go to {modes.word_of(is_live)} data"
        assert (other in html) is (desk != modes.word_of(is_live))


def test_switch_leads_back_to_the_first_page_of_where_one_was(person: User) -> None:
    browser = browser_of(person)
    cursor = Cursor(datetime.now(UTC), new_payment().pk)
    answer = switch(browser, "live", f"/payments/?state=captured&mode=test&after={cursor}")
    assert answer["Location"] == "/payments/?state=captured"
    assert browser.session[modes.KEY] == "live"


@pytest.mark.parametrize(
    "address", ["", "https://evil.test/", "//evil.test/", "javascript:alert(1)", "\x00", "/\\evil"]
)
def test_switch_leads_nowhere_but_into_the_house(person: User, address: str) -> None:
    answer = switch(browser_of(person), "test", address)
    assert answer["Location"] == "/"


@pytest.mark.parametrize("word", ["", "both", "LIVE", "live\x00", "1"])
def test_word_that_is_no_mode_changes_nothing(person: User, word: str) -> None:
    browser = browser_of(person)
    answer = switch(browser, word)
    assert answer.status_code in (302, 400)
    assert browser.session[modes.KEY] == "test"
    assert not LogEntry.objects.filter(event="access.mode.chosen").exists()


def test_switch_is_a_look_on_record_and_changes_nothing(person: User) -> None:
    browser = browser_of(person)
    switch(browser, "live")
    entry = LogEntry.objects.get(event="access.mode.chosen")
    assert (entry.action, entry.actor) == (LogEntry.Action.ACCESS, person)
    assert entry.additional_data["mode"] == "live"


def test_next_sign_in_begins_where_the_house_does(person: User, both: dict[bool, Payment]) -> None:
    browser = browser_of(person)
    switch(browser, "test")
    browser.logout()
    browser.force_login(person)
    assert browser.session[modes.KEY] == "live"


def at(address: str, mode: str) -> Any:
    request = RequestFactory().get(address)
    request.session = {modes.KEY: mode}  # type: ignore[assignment]
    return request


def test_page_in_the_middle_of_the_other_modes_list_is_the_first(person: User) -> None:
    place = Place(Cursor(datetime.now(UTC).replace(microsecond=5), person.pk))
    address = f"/payments/?mode=test&after={place.cursor}"
    assert modes.place_of(at(address, "test")) == place
    assert modes.place_of(at(address, "live")) == Place(is_lost=True)
    assert modes.place_of(at(f"/payments/?after={place.cursor}", "live")) == place
    assert modes.place_of(at("/payments/?mode=test", "live")) == Place()
    assert modes.place_of(at(f"/payments/?mode=%00&after={place.cursor}", "live")) == place


def test_links_to_other_pages_of_a_list_keep_the_mode(person: User) -> None:
    merchant = builders.make_merchant()
    customer = builders.make_customer(merchant)
    card = builders.make_card(merchant, customer)
    parties = {"merchant": merchant, "customer": customer, "card": card}
    for number in range(51):
        with clock.at(clock.now() - timedelta(minutes=number)):
            new_payment(eur(100), **parties)
    browser = browser_of(person)
    url = browser.get("/payments/").context["pager"].next_url
    assert "mode=test" in url
    assert len(references_in(browser.get(url))) == 1
    switch(browser, "live")
    lost = browser.get(url)
    assert references_in(lost) == []
    assert "does not name a page of this list" in words_of(lost)


@pytest.mark.parametrize("seen", ["live", "test"])
def test_export_is_of_the_mode_that_was_seen_when_it_was_asked_for(
    person: User, both: dict[bool, Payment], seen: str
) -> None:
    browser = browser_of(person)
    switch(browser, seen)
    page = browser.get("/payments/exports/new/")
    sent = {name: hidden(page, name) for name in ("key", "mode")} | {"format": "csv"}
    assert sent["mode"] == seen
    switch(browser, "test" if seen == "live" else "live")
    browser.post("/payments/exports/new/", sent)
    job = Job.objects.get()
    assert job.is_live is (seen == "live")


def test_rows_are_of_their_payments_mode_and_a_proof_watches(both: dict[bool, Payment]) -> None:
    for is_live, payment in both.items():
        assert Attempt.objects.get(payment=payment).is_live is is_live
    refund = requested_refund(captured_payment(), eur(10))
    assert list(payments_off()) == []
    with guard.suspended():
        Attempt.objects.filter(payment=both[True]).update(is_live=False)
        Refund.objects.filter(pk=refund.pk).update(is_live=True)
    told = "\n".join(payments_off())
    assert f"{both[True].reference}: attempt" in told
    assert f"{refund.payment.reference}: refund {refund.pk} is live" in told
