import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.apps import apps
from hypothesis import assume, given
from hypothesis import strategies as st

from audit.leaves import (
    SEALED_FIELDS,
    VERSION,
    Change,
    Difference,
    Leaf,
    first_difference,
    leaf_of,
    merkle_root,
    pack_leaves,
    unpack_leaves,
)

ENTRY: dict[str, Any] = dict.fromkeys(SEALED_FIELDS[VERSION], "") | {
    "id": uuid.UUID(int=1),
    "event": "payments.refund.requested",
    "changes": {"status": ["captured", "refunded"]},
    "additional_data": {"seconds": 0.25},
    "actor_id": None,
    "timestamp": dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC),
}

leaf = st.builds(Leaf, st.uuids(), st.binary(min_size=32, max_size=32))
leaves = st.lists(leaf, unique_by=lambda one: one.entry_id, max_size=20)
some_leaves = st.lists(leaf, unique_by=lambda one: one.entry_id, min_size=1, max_size=20)
more_leaves = st.lists(leaf, unique_by=lambda one: one.entry_id, min_size=2, max_size=20)


def root_by_the_book(nodes: Sequence[Leaf]) -> bytes:
    """RFC 9162, 2.1.1, as it is written there."""
    if len(nodes) == 1:
        return hashlib.sha256(b"\x00" + nodes[0].entry_id.bytes + nodes[0].digest).digest()
    split = 1 << (len(nodes) - 1).bit_length() - 1
    left, right = root_by_the_book(nodes[:split]), root_by_the_book(nodes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def moved(found: list[Leaf], start: int, end: int) -> list[Leaf]:
    rest = found[:start] + found[start + 1 :]
    return [*rest[:end], found[start], *rest[end:]]


def test_every_column_of_the_log_is_sealed() -> None:
    columns = {field.attname for field in apps.get_model("audit", "LogEntry")._meta.concrete_fields}
    assert set(SEALED_FIELDS[VERSION]) == columns


@pytest.mark.parametrize("name", SEALED_FIELDS[VERSION])
def test_any_changed_column_changes_the_leaf(name: str) -> None:
    changed = {**ENTRY, name: uuid.UUID(int=2)}
    assert leaf_of(changed).digest != leaf_of(ENTRY).digest


def test_leaf_does_not_depend_on_the_database_it_was_read_from() -> None:
    paris = dt.timezone(dt.timedelta(hours=1))
    reread = {
        **dict(reversed(ENTRY.items())),
        "id": str(ENTRY["id"]),
        "timestamp": ENTRY["timestamp"].astimezone(paris),
        "a_column_of_tomorrow": 1,
    }
    assert leaf_of(reread) == leaf_of(ENTRY)


def test_entry_without_a_sealed_column_has_no_leaf() -> None:
    with pytest.raises(KeyError):
        leaf_of({"id": uuid.UUID(int=1)})


@given(some_leaves)
def test_root_is_that_of_the_standard(sealed: list[Leaf]) -> None:
    assert merkle_root(sealed) == root_by_the_book(sealed)


def test_nothing_has_no_root() -> None:
    with pytest.raises(ValueError, match="nothing"):
        merkle_root([])


@given(leaves)
def test_packed_leaves_come_back(sealed: list[Leaf]) -> None:
    assert unpack_leaves(pack_leaves(sealed)) == sealed
    assert unpack_leaves(memoryview(pack_leaves(sealed))) == sealed
    with pytest.raises(ValueError, match="leaves"):
        unpack_leaves(pack_leaves(sealed) + b"x")


@given(some_leaves, leaf, st.data())
def test_edited_entry_changes_the_root_and_is_named(
    sealed: list[Leaf], other: Leaf, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(sealed) - 1))
    assume(other.digest != sealed[at].digest)
    found = [*sealed[:at], Leaf(sealed[at].entry_id, other.digest), *sealed[at + 1 :]]
    assert merkle_root(found) != merkle_root(sealed)
    assert first_difference(sealed, found) == Difference(Change.EDITED, sealed[at].entry_id, at)


@given(more_leaves, st.data())
def test_removed_entry_changes_the_root_and_is_named(
    sealed: list[Leaf], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(sealed) - 1))
    found = sealed[:at] + sealed[at + 1 :]
    assert merkle_root(found) != merkle_root(sealed)
    assert first_difference(sealed, found) == Difference(Change.REMOVED, sealed[at].entry_id, at)


@given(some_leaves, leaf, st.data())
def test_inserted_entry_changes_the_root_and_is_named(
    sealed: list[Leaf], other: Leaf, data: st.DataObject
) -> None:
    assume(other.entry_id not in {one.entry_id for one in sealed})
    at = data.draw(st.integers(0, len(sealed)))
    found = [*sealed[:at], other, *sealed[at:]]
    assert merkle_root(found) != merkle_root(sealed)
    assert first_difference(sealed, found) == Difference(Change.INSERTED, other.entry_id, at)


@given(more_leaves, st.data())
def test_reordered_entries_change_the_root_and_are_named(
    sealed: list[Leaf], data: st.DataObject
) -> None:
    start, end = data.draw(st.permutations(range(len(sealed))))[:2]
    found = moved(sealed, start, end)
    first = min(start, end)
    assert merkle_root(found) != merkle_root(sealed)
    assert first_difference(sealed, found) == Difference(
        Change.REORDERED, sealed[first].entry_id, first
    )


@given(more_leaves, leaf, st.data())
def test_entry_moved_by_an_edit_of_its_time_is_named_as_edited(
    sealed: list[Leaf], other: Leaf, data: st.DataObject
) -> None:
    start, end = data.draw(st.permutations(range(len(sealed))))[:2]
    edited = Leaf(sealed[start].entry_id, other.digest)
    assume(other.digest != sealed[start].digest)
    found = moved([*sealed[:start], edited, *sealed[start + 1 :]], start, end)
    named = first_difference(sealed, found)
    assert named == Difference(Change.EDITED, edited.entry_id, min(start, end))


@given(leaves, st.data())
def test_difference_is_named_exactly_when_there_is_one(
    sealed: list[Leaf], data: st.DataObject
) -> None:
    found = data.draw(
        st.permutations(sealed).map(lambda all_: all_[: data.draw(st.integers(0, 20))])
    )
    named = first_difference(sealed, found)
    assert (named is None) is (sealed == found)
    if named is not None:
        assert sealed[: named.position] == found[: named.position]


@given(some_leaves, leaf)
def test_leaf_is_bound_to_its_entry(sealed: list[Leaf], other: Leaf) -> None:
    assume(other.entry_id != sealed[0].entry_id)
    swapped = [Leaf(other.entry_id, sealed[0].digest), *sealed[1:]]
    assert merkle_root(swapped) != merkle_root(sealed)
