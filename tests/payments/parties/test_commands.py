from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from audit import guard
from audit.actor import Actor, ActorKind, acting_as
from audit.errors import Kind, Refusal
from audit.models import LogEntry, Outcome, SubjectKey
from payments.ledger.chart import AccountCode
from payments.ledger.models import Account
from payments.parties.commands import (
    add_card,
    add_currency,
    create_customer,
    create_merchant,
    update_customer,
)
from payments.parties.models import CardReference, Customer, Merchant
from payments.parties.policy import CardDetails
from payments.parties.queries import get_merchant, get_terms, reveal

from .conftest import PERSON, make_merchant, new_key

# Public test numbers, never written out.
TEST_PAN = "4" + "1" * 15
TEST_AMEX = "3782" + "822463" + "10005"
VISA: dict[str, Any] = {
    "token": "tok_visa_approved",
    "brand": "visa",
    "last_four": "4242",
    "exp_month": 4,
    "exp_year": 2031,
    "bin": "42424242",
    "fingerprint": "fp_7c1d",
    "funding": "credit",
    "country": "FR",
}


def refusal_of(attempt: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        attempt()
    return refused.value


# Merchants


def test_merchant_has_its_currencies_and_their_accounts(merchant: Merchant) -> None:
    assert re.fullmatch("M-[2-9A-Z]{8}", merchant.reference)
    found = get_merchant(merchant.pk)
    assert {one.currency: one.fee_fixed_minor for one in found.currencies.all()} == {
        "EUR": 25,
        "USD": 30,
    }
    accounts = Account.objects.filter(owner_id=merchant.pk)
    assert accounts.filter(currency="EUR").count() == 2 * len(AccountCode)
    assert accounts.filter(currency="USD", is_live=True).count() == len(AccountCode)
    assert get_terms(merchant.pk, "USD").merchant.fee_basis_points == 140


def test_same_key_makes_one_merchant(db: None) -> None:
    asked: dict[str, Any] = {
        "name": "Orbe",
        "statement_descriptor": "ORBE",
        "fixed_fees": {"EUR": 0},
        "key": new_key(),
    }
    first = create_merchant(**asked)
    assert create_merchant(**asked).pk == first.pk
    assert Merchant.objects.count() == 1
    refused = refusal_of(lambda: create_merchant(**{**asked, "name": "Autre"}))
    assert (refused.code, refused.kind) == ("key_reused", Kind.CONFLICT)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": " "}, "text_missing"),
        ({"name": "x" * 121}, "text_too_long"),
        ({"name": "a\x00b"}, "text_unreadable"),
        ({"name": f"Orbe {TEST_PAN}"}, "card_number"),
        ({"statement_descriptor": "a<b"}, "statement_descriptor_invalid"),
        ({"statement_descriptor": "1234"}, "statement_descriptor_invalid"),
        ({"fixed_fees": {}}, "currencies_invalid"),
        ({"fixed_fees": {"ZZZ": 0}}, "currency_invalid"),
        ({"fixed_fees": {"EUR": -1}}, "fee_fixed_minor_invalid"),
        ({"fee_basis_points": 10_001}, "fee_basis_points_invalid"),
    ],
)
def test_merchant_that_cannot_be_is_refused(db: None, wrong: dict[str, Any], code: str) -> None:
    asked: dict[str, Any] = {
        "name": "Orbe",
        "statement_descriptor": "ORBE",
        "fixed_fees": {"EUR": 0},
        "key": new_key(),
        **wrong,
    }
    refused = refusal_of(lambda: create_merchant(**asked))
    assert (refused.code, refused.kind) == (code, Kind.INVALID)
    assert str(refused.message)
    assert not Merchant.objects.exists()
    assert not Account.objects.exists()


def test_currency_is_added_once(merchant: Merchant) -> None:
    add_currency(merchant_id=merchant.pk, currency="JPY", fee_fixed_minor=30)
    assert get_terms(merchant.pk, "JPY").fee_fixed_minor == 30
    assert Account.objects.filter(owner_id=merchant.pk, currency="JPY").exists()
    refused = refusal_of(lambda: add_currency(merchant_id=merchant.pk, currency="JPY"))
    assert (refused.code, refused.kind) == ("currency_already_open", Kind.CONFLICT)


def test_currency_of_an_unknown_merchant_is_missing(db: None) -> None:
    refused = refusal_of(lambda: add_currency(merchant_id=uuid.uuid4(), currency="JPY"))
    assert refused.kind is Kind.MISSING


# Customers


def test_customer_rests_sealed_and_is_read_again(customer: Customer) -> None:
    stored: dict[str, Any] = dict(Customer.objects.values().get(pk=customer.pk))
    for field, value in PERSON.items():
        assert stored[field]
        assert value not in str(stored)
        assert stored[field] != value
    assert reveal(customer) == PERSON
    assert re.fullmatch("C-[2-9A-Z]{8}", str(customer))
    assert SubjectKey.objects.filter(pk=customer.pk, destroyed_at=None).exists()


def test_nothing_of_a_customer_is_in_the_log(customer: Customer) -> None:
    changed = {
        "name": "Odile Vantelope",
        "email": "vantelope@demo.test",
        "phone": "01 99 00 44 51",
        "address": "12 quai des Épreuves",
    }
    update_customer(customer_id=customer.pk, **changed)
    refusal_of(lambda: update_customer(customer_id=customer.pk, email="vantelope at demo"))
    entries = list(LogEntry.objects.values())
    assert len(entries) >= 4
    log = " ".join(str(value) for entry in entries for value in entry.values()).casefold()
    words = {
        word.casefold()
        for value in [*PERSON.values(), *changed.values()]
        for word in [value, *re.split(r"[\s@]+", value)]
        if len(word) > 3
    }
    assert {word for word in words if word in log} == set()
    row = Customer.objects.get(pk=customer.pk)
    assert row.email_index not in log
    assert row.phone_index not in log
    assert row.email.casefold() not in log


def test_change_of_a_customer_is_on_record_by_digest(customer: Customer) -> None:
    update_customer(customer_id=customer.pk, phone="01 99 00 44 51")
    entry = LogEntry.objects.get(event="parties.customer.changed")
    assert entry.object_repr == customer.reference
    assert list(entry.changes) == ["phone"]
    before, after = entry.changes["phone"]
    assert before.startswith("masked:")
    assert after.startswith("masked:")
    assert before != after


def test_same_key_makes_one_customer(merchant: Merchant) -> None:
    key = new_key()
    first = create_customer(merchant_id=merchant.pk, key=key, **PERSON)
    assert create_customer(merchant_id=merchant.pk, key=key, **PERSON).pk == first.pk
    assert Customer.objects.count() == 1
    assert SubjectKey.objects.count() == 1
    other = {**PERSON, "name": "Autre"}
    refused = refusal_of(lambda: create_customer(merchant_id=merchant.pk, key=key, **other))
    assert refused.code == "key_reused"


def test_customer_without_anything_is_a_customer(merchant: Merchant) -> None:
    nobody = create_customer(merchant_id=merchant.pk, key=new_key())
    assert reveal(nobody) == dict.fromkeys(PERSON, "")
    assert (nobody.email, nobody.email_index, nobody.phone_index) == ("", "", "")


def test_customer_of_an_unknown_merchant_is_missing(db: None) -> None:
    refused = refusal_of(lambda: create_customer(merchant_id=uuid.uuid4(), key=new_key()))
    assert refused.code == "merchant_missing"


WRONG = [
    ("name", "x" * 121, "text_too_long"),
    ("name", "x" * 100_000, "text_too_long"),
    ("name", "a\x00b", "text_unreadable"),
    ("name", "a\ud800b", "text_unreadable"),
    ("name", "two\nlines", "text_unreadable"),
    ("name", TEST_PAN, "card_number"),
    ("email", "nobody", "email_invalid"),
    ("email", "a@b@demo.test", "email_invalid"),
    ("email", "x" * 255 + "@demo.test", "text_too_long"),
    ("phone", "call me", "phone_invalid"),
    ("phone", "12", "phone_invalid"),
    ("phone", "1234567890123456", "phone_invalid"),
    ("phone", TEST_AMEX, "card_number"),
    ("address", "\x00", "text_unreadable"),
    ("address", "a\u001bb", "text_unreadable"),
    ("address", "x" * 501, "text_too_long"),
    (
        "address",
        f"card\n{TEST_PAN[:4]} {TEST_PAN[4:8]} {TEST_PAN[8:12]} {TEST_PAN[12:]}",
        "card_number",
    ),
]


@pytest.mark.parametrize(("field", "text", "code"), WRONG)
def test_personal_field_that_cannot_be_is_refused(
    customer: Customer, field: str, text: str, code: str
) -> None:
    refused = refusal_of(lambda: update_customer(customer_id=customer.pk, **{field: text}))
    assert (refused.code, refused.kind) == (code, Kind.INVALID)
    assert refused.details == {"field": field}
    assert str(refused.message)
    made = refusal_of(
        lambda: create_customer(
            merchant_id=customer.merchant_id, key=new_key(), **{**PERSON, field: text}
        )
    )
    assert made.code == code
    assert reveal(customer) == PERSON


def test_refused_change_is_on_record_as_denied(customer: Customer) -> None:
    agent = Actor(ActorKind.SYSTEM, "agent", request_id="r1")
    with acting_as(agent):
        refusal_of(lambda: update_customer(customer_id=customer.pk, email="nobody"))
    entry = LogEntry.objects.get(outcome=Outcome.DENIED)
    assert entry.object_pk == str(customer.pk)
    assert entry.additional_data == {"refusal": "email_invalid"}


def test_update_changes_only_what_is_given(customer: Customer) -> None:
    update_customer(customer_id=customer.pk, name="Odile Autre", phone="")
    again = Customer.objects.get(pk=customer.pk)
    assert reveal(again) == {**PERSON, "name": "Odile Autre", "phone": ""}
    assert again.phone_index == ""
    assert again.email == customer.email


def test_update_to_the_same_values_changes_nothing(customer: Customer) -> None:
    before = LogEntry.objects.count()
    update_customer(customer_id=customer.pk, **PERSON)
    assert LogEntry.objects.count() == before
    assert Customer.objects.get(pk=customer.pk).email == customer.email


def test_update_of_an_erased_customer_is_refused(customer: Customer) -> None:
    with guard.suspended():
        SubjectKey.objects.filter(pk=customer.pk).update(wrapped="")
    refused = refusal_of(lambda: update_customer(customer_id=customer.pk, name="X"))
    assert (refused.code, refused.kind) == ("customer_erased", Kind.CONFLICT)


def test_update_of_an_unknown_customer_is_missing(db: None) -> None:
    refused = refusal_of(lambda: update_customer(customer_id=uuid.uuid4(), name="X"))
    assert refused.kind is Kind.MISSING


# Cards


def card_for(customer: Customer, **wrong: Any) -> CardReference:
    return add_card(
        merchant_id=customer.merchant_id,
        customer_id=customer.pk,
        connector="sandbox",
        card=CardDetails(**{**VISA, **wrong}),
        key=new_key(),
    )


def test_card_is_a_token_and_what_may_be_known(customer: Customer) -> None:
    card = CardReference.objects.get(pk=card_for(customer).pk)
    assert (card.token, card.bin, card.last_four) == ("tok_visa_approved", "42424242", "4242")
    assert (card.exp_month, card.exp_year, card.card_fingerprint) == (4, 2031, "fp_7c1d")
    assert card.customer_id == customer.pk
    assert str(card) == "visa ••4242"
    entry = LogEntry.objects.get(event="parties.card.added")
    assert "tok_visa_approved" not in str(entry.changes)


def test_card_without_a_customer_is_kept(merchant: Merchant) -> None:
    card = add_card(
        merchant_id=merchant.pk, connector="sandbox", card=CardDetails(**VISA), key=new_key()
    )
    assert card.customer is None


def test_same_key_makes_one_card(customer: Customer) -> None:
    asked: dict[str, Any] = {
        "merchant_id": customer.merchant_id,
        "connector": "sandbox",
        "card": CardDetails(**VISA),
        "key": new_key(),
    }
    assert add_card(**asked).pk == add_card(**asked).pk
    assert CardReference.objects.count() == 1
    other = {**asked, "card": CardDetails(**{**VISA, "last_four": "0000"})}
    assert refusal_of(lambda: add_card(**other)).code == "key_reused"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"token": TEST_PAN}, "token_invalid"),
        ({"token": f"tok_{TEST_PAN}"}, "token_invalid"),
        ({"token": "4" * 12}, "token_invalid"),
        ({"token": ""}, "token_invalid"),
        ({"token": "tok\x00x"}, "token_invalid"),
        ({"token": "t" * 121}, "token_invalid"),
        ({"brand": ""}, "text_missing"),
        ({"brand": TEST_PAN}, "card_number"),
        ({"bin": TEST_PAN[:12]}, "bin_invalid"),
        ({"last_four": TEST_PAN}, "last_four_invalid"),
        ({"last_four": "12"}, "last_four_invalid"),
        ({"exp_month": 13}, "expiry_invalid"),
        ({"exp_year": 31}, "expiry_invalid"),
        ({"country": "fra"}, "country_invalid"),
        ({"funding": "gold"}, "funding_invalid"),
        ({"fingerprint": TEST_PAN}, "card_number"),
    ],
)
def test_card_that_says_too_much_or_nonsense_is_refused(
    customer: Customer, wrong: dict[str, Any], code: str
) -> None:
    refused = refusal_of(lambda: card_for(customer, **wrong))
    assert (refused.code, refused.kind) == (code, Kind.INVALID)
    assert not CardReference.objects.exists()


def test_card_of_a_customer_of_another_merchant_is_refused(customer: Customer) -> None:
    other = make_merchant("Autre")
    refused = refusal_of(
        lambda: add_card(
            merchant_id=other.pk,
            customer_id=customer.pk,
            connector="sandbox",
            card=CardDetails(**VISA),
            key=new_key(),
        )
    )
    assert refused.code == "customer_of_another_merchant"
