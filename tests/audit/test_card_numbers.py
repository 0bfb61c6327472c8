import hashlib
import json
import uuid

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from audit.card_numbers import REMOVED, find_card_number, refuse_card_number, scrub

# The networks' public test numbers, in pieces so that no file of ours holds one.
VISA = "4111" + "1111" * 3
PUBLIC = {
    "visa": VISA,
    "visa of 13": "42222" + "2222" * 2,
    "mastercard": "5555" * 3 + "4444",
    "mastercard 2": "2223" + "0031" + "2200" + "3222",
    "amex": "3782" + "822463" + "10005",
    "discover": "6011" + "1111" * 2 + "1117",
    "diners": "3056" + "930902" + "5904",
    "jcb": "3566" + "0020" + "2036" + "0505",
    "unionpay": "6200" + "0000" * 2 + "0005",
}
# Prefixes by brand with a length; the rest is drawn and the check digit computed.
BRANDS = [
    ("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16),
    ("34", 15), ("37", 15), ("6011", 16), ("644", 16), ("65", 16), ("300", 14), ("36", 14),
    ("38", 14), ("3528", 16), ("3589", 16), ("62", 16), ("62", 19), ("6759", 16), ("2200", 16),
]  # fmt: skip
SEPARATORS = [
    "", " ", "  ", "-", ".", " - ", "\u00a0", "\u2011", "\u2013", "\u2212", "\u200b", "\u00ad",
    "\u2009", "\t", "\u2060\ufeff",
]  # fmt: skip


def with_check_digit(digits: str) -> str:
    return digits + str(luhn.calc_check_digit(digits))


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix, length = draw(st.sampled_from(BRANDS))
    rest = length - len(prefix) - 1
    return with_check_digit(prefix + draw(st.text("0123456789", min_size=rest, max_size=rest)))


@st.composite
def written_numbers(draw: st.DrawFn) -> str:
    """A card number as people write it: parted, full-width, with invisible characters."""
    number = draw(card_numbers())
    if draw(st.booleans()):
        number = number.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    cuts = draw(st.sets(st.integers(1, len(number) - 1), max_size=6))
    return "".join(
        sign + (draw(st.sampled_from(SEPARATORS)) if at in cuts else "")
        for at, sign in enumerate(number, start=1)
    )


@pytest.mark.parametrize("number", PUBLIC.values(), ids=PUBLIC)
def test_public_test_number_is_found(number: str) -> None:
    assert find_card_number(f"see {number}, thanks") == (4, 4 + len(number))


@given(
    written_numbers(), st.sampled_from(["", "x", "card:", "n° "]), st.sampled_from(["", "x", "!"])
)
def test_number_is_found_however_it_is_written(written: str, before: str, after: str) -> None:
    text = before + written + after
    assert find_card_number(text) == (len(before), len(before) + len(written))
    assert scrub(text) == before + REMOVED + after


@given(card_numbers(), st.integers(1, 9))
def test_wrong_check_digit_is_no_card_number(number: str, more: int) -> None:
    wrong = number[:-1] + str((int(number[-1]) + more) % 10)
    assert find_card_number(wrong) is None


@pytest.mark.parametrize(
    "text",
    [
        VISA + " 12/29 123",
        "2 " + VISA,
        "pays 12 " + VISA[:4] + " " + VISA[4:8] + " " + VISA[8:12] + " " + VISA[12:],
        "x" + VISA,
        VISA + "x",
        "*" + VISA[:8] + "\u20e3" + VISA[8:],
        "".join(sign + " " for sign in VISA),
        json.dumps({"number": VISA}),
    ],
)
def test_number_among_other_signs_is_found(text: str) -> None:
    assert find_card_number(text) is not None
    assert find_card_number(scrub(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1234 5678 9012 3456",
        "tok_visa_approved",
        "411111 last four 1111",
        "2026-11-23 12:34:56.123456",
        "+33 6 12 34 56 78",
        "1" * 40,
        "0" * 16,
        VISA + "1" * 12,
        VISA[:8] + "\n\n\n\n" + VISA[8:],
        "4111,1111,1111,1111",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find_card_number(text) is None
    assert scrub(text) == text


@given(st.uuids(version=4))
def test_uuid_is_never_a_card_number(one: uuid.UUID) -> None:
    assert find_card_number(f"payment {one}.") is None


def test_uuid_made_of_a_card_number_is_left_alone() -> None:
    shaped = uuid.UUID(hex="00000000" + "0000" + VISA + "0000")
    assert find_card_number(str(shaped)) is None


@given(st.binary())
def test_digest_is_never_a_card_number(data: bytes) -> None:
    assert find_card_number(hashlib.sha256(data).hexdigest()) is None


@given(st.integers(1_500_000_000_000, 1_999_999_999_999))
def test_epoch_is_never_a_card_number(milliseconds: int) -> None:
    for moment in (milliseconds, milliseconds * 1000 + 7, milliseconds * 1_000_000 + 7):
        assert find_card_number(f"at {moment}") is None


soup = st.text(
    st.sampled_from([*"0123456789" * 2, *"4444", *" -.x\u200b\u00a0\uff14"]), max_size=80
)


@given(soup)
def test_nothing_is_left_after_scrubbing(text: str) -> None:
    assert find_card_number(scrub(text)) is None


@given(st.text())
def test_any_text_can_be_scrubbed(text: str) -> None:
    assert find_card_number(scrub(text)) is None


@given(st.lists(card_numbers(), min_size=2, max_size=4))
def test_every_number_of_a_text_is_removed(numbers: list[str]) -> None:
    assert scrub(", ".join(numbers)) == ", ".join([REMOVED] * len(numbers))


def test_validator_refuses_with_words_a_person_understands() -> None:
    with pytest.raises(ValidationError) as caught:
        refuse_card_number(f"customer reads out {VISA}")
    assert caught.value.code == "card_number"
    assert "last four" in caught.value.messages[0]
    assert VISA not in str(caught.value)


@pytest.mark.parametrize("value", ["a note", "", None, 12])
def test_validator_lets_other_values_pass(value: object) -> None:
    refuse_card_number(value)
