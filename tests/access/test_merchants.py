"""Merchants in the administration: taken in, changed, looked for; what is refused and on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit.actor import Actor, acting_as, operator
from audit.errors import Refusal
from audit.models import LogEntry
from payments.commands.payments import create_payment
from payments.ledger.models import Account
from payments.ledger.money import Money
from payments.parties.models import Merchant, MerchantCurrency
from payments.parties.queries import find_merchants
from tests.access.conftest import Hire, SignIn
from tests.payments.builders import make_merchant, new_key

LIST = "/admin/parties/merchant/"
NEW = {
    "name": "Quai des Brumes",
    "statement_descriptor": "QUAI DES BRUMES",
    "fee_basis_points": "140",
    "is_active": "on",
    "new_currency": "eur",
    "new_fee": "0.25",
}


@pytest.fixture
def desk(hire: Hire, sign_in: SignIn) -> Client:
    return sign_in(hire("controller", "finance_controller", staff=True))


@pytest.fixture
def merchant(somebody: Actor) -> Merchant:
    return make_merchant()


def page_of(merchant: Merchant) -> str:
    return f"{LIST}{merchant.pk}/change/"


def shown(desk: Client, url: str) -> dict[str, Any]:
    """What the browser would send back of a form nobody touched."""
    form = desk.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "on" if value is True else value for name, value in values.items() if value}


def errors(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["errors"])


def test_merchant_is_taken_in_with_its_accounts_and_on_record(desk: Client) -> None:
    once = shown(desk, f"{LIST}add/")["once"]
    answer = desk.post(f"{LIST}add/", {**NEW, "once": once})
    assert answer.status_code == 302, errors(answer)
    merchant = Merchant.objects.get(name="Quai des Brumes")
    assert (merchant.fee_basis_points, merchant.is_active, merchant.is_live) == (140, True, False)
    terms = merchant.currencies.get()
    assert (terms.currency, terms.fee_fixed_minor) == ("EUR", 25)
    assert Account.objects.filter(owner_id=merchant.pk).exists()
    events = set(
        LogEntry.objects.filter(object_pk=str(merchant.pk)).values_list("event", flat=True)
    )
    assert "parties.merchant.created" in events
    assert LogEntry.objects.filter(event="parties.currency.opened").count() == 1


def test_form_sent_twice_takes_a_merchant_in_once(desk: Client) -> None:
    given = {**NEW, "once": shown(desk, f"{LIST}add/")["once"]}
    assert desk.post(f"{LIST}add/", given).status_code == 302
    assert "taken in already" in errors(desk.post(f"{LIST}add/", given))
    assert Merchant.objects.filter(name="Quai des Brumes").count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "required"),
        ({"name": "x" * 121}, "at most 120"),
        ({"name": "Card 4242 4242 4242 4242"}, "card number"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"statement_descriptor": "日本"}, "plain letters"),
        ({"fee_basis_points": "10001"}, "part of the amount"),
        ({"fee_basis_points": "1.5"}, "whole number"),
        ({"fee_basis_points": "-1"}, "greater than or equal"),
        ({"new_currency": "XXX"}, "not known"),
        ({"new_currency": "E"}, "not known"),
        ({"new_currency": ""}, "required"),
        ({"new_currency": "JPY", "new_fee": "0.25"}, "decimals"),
        ({"new_fee": "-1"}, "in digits"),
        ({"new_fee": "1,234,5"}, "in digits"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    desk: Client, wrong: dict[str, str], words: str
) -> None:
    assert words in errors(desk.post(f"{LIST}add/", {**NEW, **wrong}))
    assert not Merchant.objects.exists()


def test_terms_change_on_record_with_before_and_after(desk: Client, merchant: Merchant) -> None:
    given = shown(desk, page_of(merchant))
    answer = desk.post(
        page_of(merchant), {**given, "fee_basis_points": "99", "fee_EUR": "0.30", "takes_EUR": "on"}
    )
    assert answer.status_code == 302, errors(answer)
    merchant.refresh_from_db()
    assert merchant.fee_basis_points == 99
    assert MerchantCurrency.objects.get(merchant=merchant, currency="EUR").fee_fixed_minor == 30
    entry = LogEntry.objects.get(event="parties.merchant.changed")
    assert entry.changes["fee_basis_points"][1] == "99"
    assert (
        LogEntry.objects.get(event="parties.currency.changed").changes["fee_fixed_minor"][1] == "30"
    )


def test_form_nobody_touched_changes_nothing(desk: Client, merchant: Merchant) -> None:
    assert desk.post(page_of(merchant), shown(desk, page_of(merchant))).status_code == 302
    assert not LogEntry.objects.filter(
        event__in=["parties.merchant.changed", "parties.currency.changed"]
    )


def test_one_more_currency_is_opened_once(desk: Client, merchant: Merchant) -> None:
    given = shown(desk, page_of(merchant))
    assert "already" in errors(desk.post(page_of(merchant), {**given, "new_currency": "EUR"}))
    answer = desk.post(page_of(merchant), {**given, "new_currency": "KWD", "new_fee": "0.125"})
    assert answer.status_code == 302, errors(answer)
    assert merchant.currencies.get(currency="KWD").fee_fixed_minor == 125


@pytest.mark.parametrize("what", ["merchant", "terms"])
def test_stale_form_is_refused(desk: Client, merchant: Merchant, what: str) -> None:
    old = shown(desk, page_of(merchant))
    rival = {"fee_basis_points": "7"} if what == "merchant" else {"fee_EUR": "9.99"}
    assert desk.post(page_of(merchant), {**old, **rival}).status_code == 302
    assert "changed this after you opened it" in errors(
        desk.post(page_of(merchant), {**old, "name": "Mine"})
    )
    assert not Merchant.objects.filter(name="Mine").exists()


def test_mode_of_a_merchant_never_changes(desk: Client, merchant: Merchant) -> None:
    given = shown(desk, page_of(merchant))
    assert desk.post(page_of(merchant), {**given, "is_live": "on"}).status_code == 302
    merchant.refresh_from_db()
    assert not merchant.is_live


def pay(actor: Actor, merchant: Merchant) -> None:
    with acting_as(actor):
        create_payment(
            merchant_id=merchant.pk, card_id=merchant.pk, amount=Money(100, "EUR"), key=new_key()
        )


@pytest.mark.parametrize(
    ("left_out", "code"),
    [("is_active", "merchant_not_active"), ("takes_EUR", "currency_not_taken")],
)
def test_what_is_switched_off_takes_no_new_payment(
    desk: Client, merchant: Merchant, left_out: str, code: str
) -> None:
    given = shown(desk, page_of(merchant))
    del given[left_out]
    assert desk.post(page_of(merchant), given).status_code == 302
    with pytest.raises(Refusal) as refusal:
        pay(operator("test"), merchant)
    assert refusal.value.code == code


def test_who_may_only_look_changes_nothing(hire: Hire, sign_in: SignIn, merchant: Merchant) -> None:
    desk = sign_in(hire("keeper", "access_administrator", staff=True))
    assert merchant.reference in desk.get(page_of(merchant)).content.decode()
    assert desk.post(page_of(merchant), {"name": "Mine"}).status_code == 403


@pytest.mark.parametrize("term", ["quai", "QUAI DES", " Quai ", "{reference}", "{lower}"])
def test_merchant_is_found_by_how_its_name_begins_or_by_reference(
    db: None, somebody: Actor, term: str
) -> None:
    merchant = make_merchant(name="Quài des Brumes")
    make_merchant(name="Brumes et Quai")
    text = term.format(reference=merchant.reference, lower=merchant.reference.lower())
    assert list(Merchant.objects.filter(find_merchants(text))) == [merchant]
    assert not Merchant.objects.filter(find_merchants("des")).exists()
