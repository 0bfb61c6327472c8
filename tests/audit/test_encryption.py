import base64
import datetime as dt
import json
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

import pytest
from django.db import models
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from audit import encryption
from audit.encryption import (
    DecryptionFailed,
    KeyDestroyed,
    SealedField,
    blind_index,
    fingerprint,
    forget_data_keys,
    is_under_current_key,
    keyed_digest,
    masked_email,
    masked_name,
    masked_phone,
    new_data_key,
    normalised_email,
    normalised_phone,
    open_data_key,
    rewrap,
    seal,
    seal_secret,
    unseal,
    unseal_secret,
)
from audit.keyring import LocalKeyring

PLACE = "parties_customer:email:1"
texts = st.text(st.characters(exclude_categories=["Cs"]))
places = st.text(string.ascii_lowercase + ":", min_size=1)


def ring(*letters: str) -> str:
    return ",".join(f"{x}:{base64.b64encode(x.encode() * 32).decode()}" for x in letters)


# Sealing


@given(text=texts, place=places)
def test_what_is_sealed_comes_back(text: str, place: str) -> None:
    key, wrapped = new_data_key()
    assert unseal(open_data_key(wrapped), seal(key, text, place=place), place=place) == text
    assert unseal_secret(seal_secret(text, place=place), place=place) == text


@given(text=texts, data=st.data())
def test_any_changed_character_of_a_token_fails(text: str, data: st.DataObject) -> None:
    key, _ = new_data_key()
    token = seal(key, text, place=PLACE)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii"))
    assume(other != token[at])
    with pytest.raises(DecryptionFailed):
        unseal(key, token[:at] + other + token[at + 1 :], place=PLACE)


@pytest.mark.parametrize("text", ["", "x", "xx"])
def test_token_has_one_spelling_only(text: str) -> None:
    token = seal_secret(text, place=PLACE)
    for other in set(string.printable) - {token[-1]}:
        with pytest.raises(DecryptionFailed):
            unseal_secret(token[:-1] + other, place=PLACE)
    with pytest.raises(DecryptionFailed):
        unseal_secret(token + "=", place=PLACE)


@given(text=texts, data=st.data())
def test_any_shorter_token_fails(text: str, data: st.DataObject) -> None:
    token = seal_secret(text, place=PLACE)
    with pytest.raises(DecryptionFailed):
        unseal_secret(token[: data.draw(st.integers(0, len(token) - 1))], place=PLACE)


@given(place=places, other=places)
def test_token_moved_to_another_place_fails(place: str, other: str) -> None:
    assume(place != other)
    key, _ = new_data_key()
    with pytest.raises(DecryptionFailed):
        unseal(key, seal(key, "x", place=place), place=other)
    with pytest.raises(DecryptionFailed):
        unseal_secret(seal_secret("x", place=place), place=other)


def test_key_of_another_person_does_not_open() -> None:
    mine, theirs = new_data_key()[0], new_data_key()[0]
    with pytest.raises(DecryptionFailed):
        unseal(theirs, seal(mine, "x", place=PLACE), place=PLACE)


def test_same_text_is_never_sealed_to_the_same_token() -> None:
    key, _ = new_data_key()
    assert len({seal(key, "x", place=PLACE) for _ in range(100)}) == 100


def test_failure_shows_neither_token_nor_text() -> None:
    key, _ = new_data_key()
    token = seal(key, "jane.doe@demo.test", place=PLACE)
    with pytest.raises(DecryptionFailed) as caught:
        unseal(key, token, place="elsewhere")
    assert token.split(".")[3] not in str(caught.value)
    assert "jane" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_data_key_shows_nothing_when_printed() -> None:
    key, _ = new_data_key()
    assert str(key.secret) not in repr(key)
    assert key.secret.hex() not in repr(key)


def test_token_names_its_version_and_key() -> None:
    key, _ = new_data_key()
    version, key_id, _, _ = seal(key, "x", place=PLACE).split(".")
    assert (version, key_id) == ("v1", key.id)
    assert seal_secret("x", place=PLACE).split(".")[1] == "test"


# Data keys


def test_destroyed_key_opens_nothing() -> None:
    with pytest.raises(KeyDestroyed):
        open_data_key("")
    with pytest.raises(KeyDestroyed):
        rewrap("")


def test_changed_wrapped_key_does_not_open() -> None:
    _, wrapped = new_data_key()
    with pytest.raises(DecryptionFailed):
        open_data_key(wrapped[:-1] + ("A" if wrapped[-1] != "A" else "Q"))


def test_keys_opened_once_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class CountingKeyring(LocalKeyring):
        def unwrap(self, token: str) -> bytes:
            asked.append(token)
            return super().unwrap(token)

    monkeypatch.setattr(encryption, "OPEN_KEYS", 2)
    provider = CountingKeyring()
    monkeypatch.setattr(encryption, "key_provider", lambda: provider)
    one, two, three = (new_data_key()[1] for _ in range(3))
    for wrapped in (one, two, one, two, one, three, one):
        open_data_key(wrapped)
    assert asked == [one, two, three]
    open_data_key(two)
    assert asked == [one, two, three, two]
    forget_data_keys()
    open_data_key(two)
    assert asked == [one, two, three, two, two]


def test_rotation_keeps_every_sealed_text_readable(settings: Settings) -> None:
    settings.COMPTOIR_KEYRING = ring("a")
    key, wrapped = new_data_key()
    token, secret = seal(key, "x", place=PLACE), seal_secret("y", place=PLACE)
    index = blind_index("x", purpose="p")
    settings.COMPTOIR_KEYRING = ring("b", "a")
    assert not is_under_current_key(wrapped)
    assert not is_under_current_key(secret)
    assert unseal_secret(secret, place=PLACE) == "y"
    renewed = rewrap(wrapped)
    assert is_under_current_key(renewed)
    assert unseal(open_data_key(renewed), token, place=PLACE) == "x"
    assert blind_index("x", purpose="p") == index


def test_remembered_key_is_forgotten_with_its_keyring(settings: Settings) -> None:
    settings.COMPTOIR_KEYRING = ring("a")
    wrapped = new_data_key()[1]
    open_data_key(wrapped)
    settings.COMPTOIR_KEYRING = ring("b")
    with pytest.raises(DecryptionFailed):
        open_data_key(wrapped)


# Digests


@given(texts, texts)
def test_blind_indexes_are_equal_only_for_equal_values_and_purposes(one: str, two: str) -> None:
    index = blind_index(one, purpose="customer.email")
    assert index == blind_index(one, purpose="customer.email")
    assert index != blind_index(one, purpose="customer.phone")
    assert (index == blind_index(two, purpose="customer.email")) is (one == two)
    assert len(index) == 64


def test_purpose_and_value_cannot_run_into_each_other() -> None:
    assert blind_index("bc", purpose="a") != blind_index("c", purpose="ab")


def test_blind_index_is_the_same_in_every_process_with_the_same_key(
    settings: Settings,
) -> None:
    settings.COMPTOIR_KEYRING = ring("a")
    index = blind_index("jane@demo.test", purpose="customer.email")
    settings.COMPTOIR_KEYRING = ring("b")
    other = blind_index("jane@demo.test", purpose="customer.email")
    settings.COMPTOIR_KEYRING = ring("a")
    assert blind_index("jane@demo.test", purpose="customer.email") == index != other


def test_keyed_digest_is_short_and_depends_on_the_key(settings: Settings) -> None:
    settings.COMPTOIR_KEYRING = ring("a")
    digest = keyed_digest("Jane Doe")
    assert len(digest) == 16
    assert digest == keyed_digest("Jane Doe") != keyed_digest("Jane Roe")
    settings.COMPTOIR_KEYRING = ring("b")
    assert keyed_digest("Jane Doe") != digest


class Shade(StrEnum):
    DARK = "dark"


class Count(Enum):
    THREE = 3


@dataclass(frozen=True, slots=True)
class Amount:
    minor: int
    currency: str


ID = uuid.UUID("00000000-0000-4000-8000-000000000001")
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
PARIS = NOON.astimezone(dt.timezone(dt.timedelta(hours=1)))


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (ID, str(ID)),
        (NOON, "2026-11-23T12:00:00+00:00"),
        (NOON, PARIS),
        (NOON.date(), "2026-11-23"),
        (Shade.DARK, "dark"),
        (Count.THREE, 3),
        (Amount(1234, "EUR"), {"currency": "EUR", "minor": 1234}),
        ((1, [2, (3,)]), [1, [2, [3]]]),
    ],
)
def test_fingerprint_does_not_depend_on_how_a_value_was_written(
    value: object, same: object
) -> None:
    assert fingerprint({"x": value}) == fingerprint({"x": same})


@pytest.mark.parametrize("value", [1.5, b"x", {1, 2}, {1: "x"}, {"a": [0.1]}, object(), Amount])
def test_value_without_one_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no canonical form"):
        fingerprint(value)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain_values, plain_values)
def test_fingerprints_are_equal_exactly_when_values_are(one: object, two: object) -> None:
    equal = json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert (fingerprint(one) == fingerprint(two)) is equal
    assert len(fingerprint(one)) == 64


@given(st.dictionaries(st.text(), plain_values, min_size=2), st.randoms())
def test_order_of_keys_does_not_matter(value: Mapping[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert fingerprint(dict(items)) == fingerprint(value)


# Shapes


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (" Jane.Doe@Demo.Test ", "jane.doe@demo.test"),
        ("\uff4aane@demo.test", "jane@demo.test"),  # full-width j
        ("e\u0301lise@demo.test", "\u00c9LISE@demo.test"),
        ("STRASSE@demo.test", "stra\u00dfe@demo.test"),
    ],
)
def test_spellings_of_one_address_are_equal(one: str, two: str) -> None:
    assert normalised_email(one) == normalised_email(two)


@given(texts)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised_email(normalised_email(text)) == normalised_email(text)
    assert normalised_phone(normalised_phone(text)) == normalised_phone(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+33 (0)6-12.34", "+33061234"),
        (" 06 12 34 ", "061234"),
        ("\uff0b\uff13\uff13 6", "+336"),
        ("\u0661\u0662", "12"),
        ("12+34", "1234"),
        ("", ""),
    ],
)
def test_phone_keeps_digits_and_the_plus_in_front(text: str, expected: str) -> None:
    assert normalised_phone(text) == expected


@pytest.mark.parametrize(
    ("masked", "text", "expected"),
    [
        (masked_email, "jane.doe@demo.test", "j•••@d•••.test"),
        (masked_email, "j@mail.demo.test", "j•••@m•••.test"),
        (masked_email, "jane@localhost", "j•••@•••"),
        (masked_email, "no address", "•••"),
        (masked_email, "", ""),
        (masked_phone, "+33 6 12 34 56 78", "•••78"),
        (masked_phone, "1234", "•••"),
        (masked_phone, "", ""),
        (masked_name, "Jane van Doe", "J. V. D."),
        (masked_name, "", ""),
    ],
)
def test_mask_shows_only_so_much(masked: Callable[[str], str], text: str, expected: str) -> None:
    assert masked(text) == expected


def test_sealed_field_survives_a_migration() -> None:
    field = SealedField(blank=True)
    field.set_attributes_from_name("email")
    _, path, args, kwargs = field.deconstruct()
    assert path == "audit.encryption.SealedField"
    assert (args, kwargs) == ([], {"blank": True})
    assert isinstance(field, models.TextField)
