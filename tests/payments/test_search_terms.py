"""What a term may be: read without asking the database, and as both where it may be two things."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from audit.search import kinds, plain
from payments import search as terms
from payments.parties import search as parties

ID = uuid.UUID("7f3a09bc-12de-4f00-8a51-2b6c1d9e0f34")


def fits(term: str) -> set[str]:
    """The kinds that a term may be."""
    return {code for code, kind in kinds.items() if kind.read(term) is not None}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("P-7F3A09BC12DE", {"payment_reference", "order_reference"}),
        ("p 7f3a09bc12de", {"payment_reference", "order_reference"}),
        ("P–7F3A09BC12DE", {"payment_reference", "order_reference"}),
        ("R-7F3A09BC12DE", {"refund_reference", "order_reference"}),
        ("C-4F7H2K9M", {"customer_reference", "order_reference", "provider_reference"}),
        (str(ID), {"payment_id", "customer_id", "order_reference", "provider_reference"}),
        (ID.hex, {"payment_id", "customer_id", "order_reference", "provider_reference"}),
        ("auth_3k9x2m", {"provider_reference", "order_reference"}),
        ("jane.doe@example.test", {"customer_email", "order_reference"}),
        ("mailto:jane.doe@example.test", {"customer_email", "order_reference"}),
        ("+33 1 99 00 12 34", {"customer_phone", "order_reference"}),
        ("4242", {"card", "amount", "order_reference"}),
        ("•••• 4242", {"card", "order_reference"}),
        ("4242 12.34", {"card_and_amount", "order_reference", "customer_phone"}),
        ("4242 2026-11-03", {"card_and_day", "order_reference", "customer_phone"}),
        ("12.34", {"amount", "order_reference"}),
        ("1 234,50", {"amount", "order_reference"}),
        ("12.34 EUR", {"amount", "order_reference"}),
        ("€12", {"amount", "order_reference"}),
        ("12.34 XXX", {"order_reference"}),
        ("two words", {"order_reference"}),
        ("123456789012", {"amount", "order_reference", "provider_reference", "customer_phone"}),
        ("1234 4242", {"card_and_amount", "order_reference", "customer_phone"}),
        ("😀 مرحبا", {"order_reference"}),
    ],
)
def test_term_is_looked_for_as_everything_it_may_be(term: str, expected: set[str]) -> None:
    assert fits(term) - {"request"} == expected


def test_every_kind_reads_its_own_example() -> None:
    for kind in kinds.values():
        assert kind.read(kind.example) is not None, kind.code


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("12.34", [(123_400, None)]),
        ("12,34", [(123_400, None)]),
        ("1,234", [(12_340, None), (12_340_000, None)]),
        ("1,234.50", [(12_345_000, None)]),
        ("1 234,50", [(12_345_000, None)]),
        ("1\u202f234,50\u00a0EUR", [(12_345_000, "EUR")]),
        ("eur 12", [(120_000, "EUR")]),
        ("£12", [(120_000, "GBP")]),
        ("\uff11\uff12.\uff13\uff14", [(123_400, None)]),
        ("0", None),
        ("0.00", None),
        ("-12", None),
        ("EUR 12 EUR", None),
        ("12.34.56", None),
        ("1e3", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_amount_is_read_in_the_spelling_of_either_language(term: str, expected: Any) -> None:
    assert terms.read_amount(term) == expected


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("4242 12.34", [("4242", [(123_400, None)])]),
        ("4242, 12.34", [("4242", [(123_400, None)])]),
        ("x4242 12.34 EUR", [("4242", [(123_400, "EUR")])]),
        ("12.34 4242", [("4242", [(123_400, None)])]),
        ("1234 4242", [("1234", [(42_420_000, None)]), ("4242", [(12_340_000, None)])]),
        ("4242", None),
        ("42424 12.34", None),
        ("4242 soon", None),
    ],
)
def test_card_and_amount_are_read_in_either_order(term: str, expected: Any) -> None:
    assert terms.read_card_and_amount(term) == expected


@pytest.mark.parametrize(
    ("term", "days"),
    [
        ("4242 2026-11-03", [date(2026, 11, 3)]),
        ("4242 3.11.2026", [date(2026, 11, 3)]),
        ("4242 03/11/2026", [date(2026, 3, 11), date(2026, 11, 3)]),
        ("4242 25/11/2026", [date(2026, 11, 25)]),
        ("2026-11-03 4242", [date(2026, 11, 3)]),
        ("4242 31/11/2026", None),
        ("4242 2026-13-01", None),
        ("4242 0001-01-01", None),
        ("4242 11/2026", None),
    ],
)
def test_day_beside_a_card_is_read_as_both_where_it_may_be_two(
    term: str, days: list[date] | None
) -> None:
    assert terms.read_card_and_day(term) == ([("4242", days)] if days else None)


def test_four_digits_alone_are_a_card_and_an_amount() -> None:
    assert terms.read_card("4242") == "4242"
    assert terms.read_amount("4242") == [(42_420_000, None)]


@pytest.mark.parametrize("term", ["+33 1 99 00 12 34", "0033199001234", "33199001234"])
def test_number_is_looked_for_with_its_plus(term: str) -> None:
    assert "+33199001234" in (parties.read_phone(term) or [])


@pytest.mark.parametrize(
    "term", ["01 99 00 12 34", "0199001234", "01.99.00.12.34", "（01）99001234"]
)
def test_number_said_as_in_its_country_is_looked_for_with_the_code(term: str) -> None:
    assert "+33199001234" in (parties.read_phone(term) or [])


def test_number_is_local_to_the_countries_of_the_house_alone(settings: Any) -> None:
    assert "0199001234" in (parties.read_phone("+33 1 99 00 12 34") or [])
    settings.LOCAL_CALLING_CODES = ["44", "353"]
    found = parties.read_phone("020 7946 0018") or []
    assert {"+442079460018", "+3532079460018"} <= set(found)
    assert not any("+33" in one for one in found)


@pytest.mark.parametrize("term", ["12345", "+", "1" * 18, "call 0199001234", ""])
def test_what_is_no_number_is_not_looked_for_as_one(term: str) -> None:
    assert parties.read_phone(term) is None


@pytest.mark.parametrize("term", ["jane", "@", "jane@doe", "a b@c.de f"])
def test_what_is_no_whole_address_is_not_looked_for_as_one(term: str) -> None:
    assert parties.read_email(term) is None


def test_invisible_signs_and_other_dashes_do_not_hide_a_reference() -> None:
    assert plain("\u200eP\u20117F3A09BC12DE\u200f ") == "P-7F3A09BC12DE"
    assert terms.read_payment("\u202aP-7F3A09BC12DE\u202c") == "P-7F3A09BC12DE"
