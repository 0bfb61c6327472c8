from __future__ import annotations

import uuid

import pytest
from pytest_django import DjangoAssertNumQueries

from audit import guard
from audit.encryption import DecryptionFailed
from audit.errors import Kind, Refusal
from audit.models import SubjectKey
from payments.parties import queries
from payments.parties.commands import create_customer
from payments.parties.models import Customer, Merchant
from payments.parties.sealing import index_email, index_phone

from .conftest import PERSON, make_merchant, new_key


@pytest.mark.parametrize(
    "spelling",
    [PERSON["email"], "odile.marchetaille@DEMO.test", "  Odile.Marchetaille@demo.test "],
)
def test_customer_is_found_by_any_spelling_of_the_address(
    customer: Customer, spelling: str
) -> None:
    assert [one.pk for one in queries.find_customers_by_email(spelling)] == [customer.pk]


@pytest.mark.parametrize("spelling", [PERSON["phone"], "+33199001723", "+33 (1) 99.00.17.23"])
def test_customer_is_found_by_any_spacing_of_the_number(customer: Customer, spelling: str) -> None:
    assert [one.pk for one in queries.find_customers_by_phone(spelling)] == [customer.pk]


@pytest.mark.parametrize("text", ["", " ", "+", "nobody@demo.test", "odile", "\x00", "\ud800"])
def test_what_is_nobodys_finds_nobody(customer: Customer, text: str) -> None:
    create_customer(merchant_id=customer.merchant_id, key=new_key())
    assert queries.find_customers_by_email(text) == []
    assert queries.find_customers_by_phone(text) == []


def test_indexes_of_address_and_number_cannot_be_compared(merchant: Merchant) -> None:
    one = create_customer(merchant_id=merchant.pk, phone="12345", key=new_key())
    assert queries.find_customers_by_email("12345") == []
    assert [row.pk for row in queries.find_customers_by_phone("12345")] == [one.pk]
    assert index_email("12345") != index_phone("12345")


def test_one_address_at_two_merchants_finds_both(customer: Customer) -> None:
    other = create_customer(merchant_id=make_merchant("Autre").pk, key=new_key(), **PERSON)
    found = queries.find_customers_by_email(PERSON["email"])
    assert {one.pk for one in found} == {customer.pk, other.pk}


def test_masks_show_that_there_is_something_and_no_more(customer: Customer) -> None:
    assert queries.masked(customer) == {
        "name": "O. M.",
        "email": "O•••@d•••.test",
        "phone": "•••23",
        "address": "•••",
    }


def test_masks_of_a_page_cost_one_query(
    customer: Customer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    others = [
        create_customer(merchant_id=customer.merchant_id, name=f"P{n} Q", key=new_key())
        for n in range(3)
    ]
    with django_assert_num_queries(1):
        shown = queries.masked_many([customer, *others], ["name"])
    assert shown[customer.pk] == {"name": "O. M."}
    assert shown[others[0].pk] == {"name": "P. Q."}


def test_reveal_shows_only_what_is_asked_for(customer: Customer) -> None:
    assert queries.reveal(customer, ["phone"]) == {"phone": PERSON["phone"]}
    with pytest.raises(ValueError, match="not personal"):
        queries.reveal(customer, ["email_index"])


def test_erased_customer_is_shown_as_erased(customer: Customer) -> None:
    with guard.suspended():
        SubjectKey.objects.filter(pk=customer.pk).update(wrapped="")
    assert set(queries.masked(customer).values()) == {"erased"}
    with pytest.raises(Refusal) as refused:
        queries.reveal(customer)
    assert refused.value.code == "customer_erased"


def test_value_moved_to_another_customer_does_not_open(customer: Customer) -> None:
    other = create_customer(merchant_id=customer.merchant_id, name="Autre", key=new_key())
    with guard.suspended():
        Customer.objects.filter(pk=other.pk).update(name=customer.name)
    with pytest.raises(DecryptionFailed):
        queries.reveal(Customer.objects.get(pk=other.pk), ["name"])


def test_value_moved_to_another_column_does_not_open(customer: Customer) -> None:
    with guard.suspended():
        Customer.objects.filter(pk=customer.pk).update(name=customer.address)
    with pytest.raises(DecryptionFailed):
        queries.reveal(Customer.objects.get(pk=customer.pk), ["name"])


def test_unknown_ones_are_missing(merchant: Merchant) -> None:
    for ask in (queries.get_customer, queries.get_merchant):
        with pytest.raises(Refusal) as refused:
            ask(uuid.uuid4())
        assert refused.value.kind is Kind.MISSING
    with pytest.raises(Refusal) as refused:
        queries.get_terms(merchant.pk, "JPY")
    assert refused.value.code == "currency_not_open"


def test_customer_comes_with_his_merchant(
    customer: Customer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert queries.get_customer(customer.pk).merchant.reference.startswith("M-")
