from __future__ import annotations

import pytest

from payments.ledger.money import Money
from payments.parties.policy import clean_address, clean_name, fee_of


@pytest.mark.parametrize(
    ("minor", "points", "fixed", "fee"),
    [
        (10_000, 140, 25, 165),
        (1_050, 500, 0, 52),
        (1_070, 500, 0, 54),
        (20, 140, 25, 20),
        (0, 140, 25, 0),
    ],
)
def test_fee_is_a_share_and_something_fixed_but_never_above_the_amount(
    minor: int, points: int, fixed: int, fee: int
) -> None:
    assert fee_of(Money(minor, "EUR"), points, fixed) == Money(fee, "EUR")


def test_text_is_tidied_not_changed() -> None:
    assert clean_name("  Zoe\u0308   de\u00a0 Brie ") == "Zoë de Brie"
    assert clean_address("1 rue A \r\n 75999  Paris\n") == "1 rue A\n75999 Paris"
