from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import Refusal
from payments.ledger.money import Money, exponent_of

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
MINOR = st.integers(min_value=-(10**15), max_value=10**15)
AMOUNTS = st.builds(Money, MINOR, CURRENCIES)


@pytest.mark.parametrize("minor", [True, 1.0, "1", None])
def test_minor_units_that_are_no_whole_number_are_refused(minor: Any) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "ZZZ", "XAU", "XXX"])
def test_currency_without_minor_units_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match=r"currency|minor unit"):
        Money(1, currency)


def test_amount_beyond_the_column_is_refused() -> None:
    assert Money(2**63 - 1, "EUR").minor == 2**63 - 1
    with pytest.raises(ValueError, match="64 bits"):
        Money(2**63, "EUR")


def test_two_currencies_do_not_mix() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    for mixed in (
        lambda: euro + dollar,
        lambda: euro - dollar,
        lambda: euro < dollar,
        lambda: euro >= dollar,
    ):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()
    assert euro != dollar


def test_money_and_a_bare_number_do_not_mix() -> None:
    amount: Any = Money(1, "EUR")
    with pytest.raises(TypeError):
        amount + 1
    with pytest.raises(TypeError):
        sum([amount])


@given(MINOR, MINOR, CURRENCIES)
def test_arithmetic_is_that_of_whole_numbers(one: int, other: int, currency: str) -> None:
    a, b = Money(one, currency), Money(other, currency)
    assert (a + b).minor == one + other
    assert (a - b).minor == one - other
    assert (-a).minor == -one
    assert (a < b, a <= b, a > b, a >= b) == (one < other, one <= other, one > other, one >= other)
    assert Money.total([a, b], currency) == a + b


@given(AMOUNTS, st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any))
def test_allocation_loses_no_unit(amount: Money, weights: list[int]) -> None:
    parts = amount.allocate(weights)
    assert Money.total(parts, amount.currency) == amount
    for part, weight in zip(parts, weights, strict=True):
        exact, rest = divmod(abs(amount.minor) * weight, sum(weights))
        assert exact <= abs(part.minor) <= exact + (1 if rest else 0)


def test_allocation_gives_what_is_left_to_the_largest_remainders() -> None:
    assert [p.minor for p in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [p.minor for p in Money(-100, "EUR").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [p.minor for p in Money(10, "EUR").allocate([1, 0, 2])] == [3, 0, 7]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "EUR").allocate(weights)


@pytest.mark.parametrize(
    ("minor", "points", "expected"),
    [
        (10_000, 290, 290),
        (1, 5_000, 0),
        (3, 5_000, 2),
        (5, 5_000, 2),
        (-1, 5_000, 0),
        (-3, 5_000, -2),
        (1, 5_001, 1),
        (1_234, 0, 0),
        (1_234, 10_000, 1_234),
    ],
)
def test_portion_rounds_half_to_even(minor: int, points: int, expected: int) -> None:
    assert Money(minor, "EUR").portion(points).minor == expected


@given(MINOR, st.integers(0, 10_000))
def test_portion_of_the_opposite_is_the_opposite(minor: int, points: int) -> None:
    assert Money(-minor, "EUR").portion(points) == -Money(minor, "EUR").portion(points)


@pytest.mark.parametrize(
    ("minor", "currency", "plain"),
    [
        (1234, "EUR", "12.34"),
        (-5, "EUR", "-0.05"),
        (1200, "JPY", "1200"),
        (1, "KWD", "0.001"),
        (0, "USD", "0.00"),
    ],
)
def test_plain_shows_the_decimals_of_the_currency(minor: int, currency: str, plain: str) -> None:
    assert Money(minor, currency).plain() == plain


@given(st.integers(0, 10**12 - 1), CURRENCIES, st.sampled_from(["en", "fr", "ja", "de-CH"]))
def test_what_is_shown_plain_is_read_as_the_same(minor: int, currency: str, locale: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(amount.plain(), currency, locale) == amount


@given(st.integers(0, 10**12 - 1), st.sampled_from(["EUR", "KWD"]))
def test_what_is_shown_with_a_comma_is_read_in_french(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(amount.plain().replace(".", ","), currency, "fr") == amount


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("12.34", "EUR", "en", 1234),
        (" 12.3 ", "EUR", "en", 1230),
        (".5", "EUR", "en", 50),
        ("1,234.50", "EUR", "en", 123450),
        ("1,234", "EUR", "en", 123400),
        ("12,34", "EUR", "fr", 1234),
        ("12.34", "EUR", "fr", 1234),
        ("1 234,50", "EUR", "fr", 123450),
        ("1\u202f234,50", "EUR", "fr", 123450),
        ("1\u00a0234,50", "EUR", "fr", 123450),
        ("1.234,50", "EUR", "de", 123450),
        ("1’234.50", "CHF", "de-ch", 123450),
        ("0012", "JPY", "en", 12),
        ("1.234", "KWD", "en", 1234),
        ("999999999999.99", "EUR", "en", 99999999999999),
        ("12.34", "EUR", "not-a-locale", 1234),
    ],
)
def test_amounts_are_read_as_people_write_them(
    text: str, currency: str, locale: str, minor: int
) -> None:
    assert Money.parse(text, currency, locale) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "locale", "code"),
    [
        ("", "EUR", "en", "amount_unreadable"),
        ("abc", "EUR", "en", "amount_unreadable"),
        ("NaN", "EUR", "en", "amount_unreadable"),
        ("Infinity", "EUR", "en", "amount_unreadable"),
        ("1e3", "EUR", "en", "amount_unreadable"),
        ("-5", "EUR", "en", "amount_unreadable"),
        ("+5", "EUR", "en", "amount_unreadable"),
        ("12.", "EUR", "en", "amount_unreadable"),
        ("1.2.3", "EUR", "en", "amount_unreadable"),
        ("12,34", "EUR", "en", "amount_unreadable"),
        ("1,23,456", "EUR", "en", "amount_unreadable"),
        ("12.34", "EUR", "de", "amount_unreadable"),
        ("1\u0000", "EUR", "en", "amount_unreadable"),
        ("١٢", "EUR", "en", "amount_unreadable"),
        ("1" * 5000, "EUR", "en", "amount_unreadable"),
        ("12.345", "EUR", "en", "amount_too_precise"),
        ("1.0", "JPY", "en", "amount_too_precise"),
        ("1,234", "EUR", "fr", "amount_too_precise"),
        ("1234567890123", "EUR", "en", "amount_too_large"),
        ("5", "ZZZ", "en", "currency_unknown"),
    ],
)
def test_amounts_that_are_not_clear_are_refused(
    text: str, currency: str, locale: str, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        Money.parse(text, currency, locale)
    assert refused.value.code == code
    assert str(refused.value.message)


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_a_refusal(text: str) -> None:
    with suppress(Refusal):
        assert Money.parse(text, "EUR", "fr").minor >= 0


def test_exponents_are_those_of_iso_4217() -> None:
    assert [exponent_of(c) for c in ("EUR", "JPY", "KWD", "ISK", "CLF")] == [2, 0, 3, 0, 4]
