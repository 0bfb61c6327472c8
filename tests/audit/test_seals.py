import base64
import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from audit.cipher import DecryptionFailed
from audit.leaves import Leaf, pack_leaves, unpack_leaves
from audit.seals import (
    Anchor,
    Flaw,
    Sealed,
    find_flaw,
    head_digest,
    is_signed,
    public_key_pem,
    read_public_key,
    seal_leaves,
    signing_key,
)

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
batches = st.lists(
    st.lists(
        st.builds(Leaf, st.uuids(), st.binary(min_size=32, max_size=32)), min_size=1, max_size=6
    ),
    min_size=1,
    max_size=5,
)


def leaf(number: int) -> Leaf:
    return Leaf(uuid.UUID(int=number), bytes([number]) * 32)


def chain(*parts: list[Leaf]) -> list[Sealed]:
    seals: list[Sealed] = []
    for at, part in enumerate(parts):
        moment = NOON + dt.timedelta(minutes=at)
        previous = seals[-1] if seals else None
        seals.append(seal_leaves(part, previous, covers_until=moment, sealed_at=moment))
    return seals


def flaws(seals: list[Sealed]) -> list[Flaw | None]:
    key = signing_key("test").public_key()
    return [find_flaw(one, before, key) for before, one in zip([None, *seals], seals, strict=False)]


@given(batches)
def test_chain_of_seals_holds(parts: list[list[Leaf]]) -> None:
    seals = chain(*parts)
    assert flaws(seals) == [None] * len(parts)
    assert [one.number for one in seals] == list(range(1, len(parts) + 1))
    assert [unpack_leaves(one.leaves) for one in seals] == parts


def test_nothing_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="nothing"):
        seal_leaves([], None, covers_until=NOON, sealed_at=NOON)


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"number": 3}, Flaw.NUMBER),
        ({"previous": "1" * 64}, Flaw.PREVIOUS),
        ({"leaves": pack_leaves([leaf(4), leaf(3)])}, Flaw.LEAVES),
        ({"leaves": pack_leaves([leaf(3)])}, Flaw.LEAVES),
        ({"leaves": b""}, Flaw.LEAVES),
        ({"leaves": b"x"}, Flaw.LEAVES),
        ({"size": 3}, Flaw.LEAVES),
        ({"root": "1" * 64}, Flaw.LEAVES),
        ({"version": 2}, Flaw.DIGEST),
        ({"covers_until": NOON}, Flaw.DIGEST),
        ({"sealed_at": NOON}, Flaw.DIGEST),
        ({"key_id": "other"}, Flaw.DIGEST),
        ({"digest": "1" * 64}, Flaw.DIGEST),
        ({"signature": "1" * 128}, Flaw.SIGNATURE),
        ({"signature": "nonsense"}, Flaw.SIGNATURE),
    ],
)
def test_any_changed_column_of_a_seal_is_noticed(changes: dict[str, Any], flaw: Flaw) -> None:
    first, second = chain([leaf(1), leaf(2)], [leaf(3), leaf(4)])
    assert flaws([first, replace(second, **changes)])[1] is flaw


def test_forged_seal_breaks_the_next_even_when_its_digest_is_right() -> None:
    first, second = chain([leaf(1)], [leaf(2)])
    other = seal_leaves([leaf(3)], None, covers_until=NOON, sealed_at=NOON)
    forged = replace(other, signature=first.signature)
    assert flaws([forged, second]) == [Flaw.SIGNATURE, Flaw.PREVIOUS]


def test_missing_seal_and_swapped_seals_are_noticed() -> None:
    first, second, third = chain([leaf(1)], [leaf(2)], [leaf(3)])
    assert flaws([first, third])[1] is Flaw.NUMBER
    assert flaws([second, first, third])[0] is Flaw.NUMBER


def test_seal_of_an_unknown_key_does_not_hold() -> None:
    (only,) = chain([leaf(1)])
    assert find_flaw(only, None, None) is Flaw.SIGNATURE


def test_seal_signed_with_another_key_does_not_hold(settings: Settings) -> None:
    (only,) = chain([leaf(1)])
    settings.COMPTOIR_KEYRING = "test:" + base64.b64encode(b"x" * 32).decode()
    assert flaws([only]) == [Flaw.SIGNATURE]


def test_seal_made_before_a_rotation_still_holds(settings: Settings) -> None:
    (first,) = chain([leaf(1)])
    new = "new:" + base64.b64encode(b"x" * 32).decode()
    settings.COMPTOIR_KEYRING = f"{new},{settings.COMPTOIR_KEYRING}"
    second = seal_leaves([leaf(2)], first, covers_until=NOON, sealed_at=NOON)
    assert (first.key_id, second.key_id) == ("test", "new")
    assert find_flaw(first, None, signing_key("test").public_key()) is None
    assert find_flaw(second, first, signing_key("new").public_key()) is None


def test_auditor_checks_a_seal_with_the_exported_key_alone(settings: Settings) -> None:
    (only,) = chain([leaf(1)])
    pem = public_key_pem(only.key_id)
    settings.COMPTOIR_KEYRING = "other:" + base64.b64encode(b"x" * 32).decode()
    with pytest.raises(DecryptionFailed):
        signing_key(only.key_id)
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert find_flaw(only, None, read_public_key(pem)) is None


def test_public_key_of_another_kind_is_refused() -> None:
    key = generate_private_key(SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ValueError, match="Ed25519"):
        read_public_key(pem)


def test_digest_of_a_seal_does_not_depend_on_the_time_zone_it_was_read_in() -> None:
    (only,) = chain([leaf(1)])
    paris = NOON.astimezone(dt.timezone(dt.timedelta(hours=1)))
    assert head_digest(replace(only, covers_until=paris, sealed_at=paris)).hex() == only.digest


def test_anchor_comes_back_from_its_line_and_is_signed() -> None:
    (only,) = chain([leaf(1)])
    line = Anchor.of(only).line()
    assert "\n" not in line
    anchor = Anchor.read(line + "\n")
    assert anchor == Anchor.of(only)
    assert anchor.holds_for(only)
    assert is_signed(anchor, signing_key(anchor.key_id).public_key())


def test_anchor_shows_that_a_seal_is_gone_or_made_anew() -> None:
    _, second = chain([leaf(1)], [leaf(2)])
    _, remade = chain([leaf(1)], [leaf(3)])
    anchor = Anchor.of(second)
    assert not anchor.holds_for(None)
    assert not anchor.holds_for(remade)


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"number":1}', "nonsense"])
def test_line_that_is_no_anchor_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Anchor.read(line)
