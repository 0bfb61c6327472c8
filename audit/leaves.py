"""What an entry said, as a digest; what many said, as one; and which of them is no longer so.

Leaves are hashed after 0x00 and nodes after 0x01 into the Merkle tree of RFC 9162. Nothing here
reads or writes: rows come from the caller, in order of (timestamp, id).
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from audit.canonical import canonical_bytes

LEAF, NODE = b"\x00", b"\x01"
PACKED_LEAF = struct.Struct("16s32s")

# What of an entry is sealed, by version. A column that is added later begins a new version, or
# every seal made before it would break.
VERSION = 1
SEALED_FIELDS: dict[int, tuple[str, ...]] = {
    1: (
        "id",
        "event",
        "outcome",
        "command_id",
        "content_type_id",
        "object_pk",
        "object_id",
        "object_repr",
        "serialized_data",
        "action",
        "changes_text",
        "changes",
        "actor_id",
        "actor_kind",
        "actor_label",
        "actor_roles",
        "purpose",
        "cid",
        "remote_addr",
        "effective_at",
        "timestamp",
        "additional_data",
    ),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry in a seal: which, and the digest of what it said."""

    entry_id: uuid.UUID
    digest: bytes


def leaf_of(entry: Mapping[str, object], version: int = VERSION) -> Leaf:
    """The leaf of an entry's columns (`LogEntry.objects.values()`), as read from the database.

    KeyError when a sealed column is missing.
    """
    sealed = {name: entry[name] for name in SEALED_FIELDS[version]}
    content = canonical_bytes(sealed, allow_floats=True)
    return Leaf(uuid.UUID(str(entry["id"])), hashlib.sha256(content).digest())


def merkle_root(leaves: Sequence[Leaf]) -> bytes:
    """32 bytes that stand for these leaves in this order."""
    if not leaves:
        raise ValueError("nothing to seal")
    level = [_hash(LEAF, leaf.entry_id.bytes, leaf.digest) for leaf in leaves]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        # An odd last node rises as it is, which gives the tree of RFC 9162.
        odd = level[-1:] if len(level) % 2 else []
        level = [_hash(NODE, left, right) for left, right in pairs] + odd
    return level[0]


def pack_leaves(leaves: Sequence[Leaf]) -> bytes:
    """48 bytes a leaf, for a binary column."""
    return b"".join(PACKED_LEAF.pack(leaf.entry_id.bytes, leaf.digest) for leaf in leaves)


def unpack_leaves(packed: bytes | memoryview) -> list[Leaf]:
    """The leaves again. ValueError when it is not a whole number of them."""
    if len(packed) % PACKED_LEAF.size:
        raise ValueError("not a list of leaves")
    return [Leaf(uuid.UUID(bytes=one), digest) for one, digest in PACKED_LEAF.iter_unpack(packed)]


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


class Change(StrEnum):
    """What was done to an entry after it was sealed."""

    EDITED = "edited"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first entry that is not as it was sealed; `position` counts from 0 in the seal."""

    change: Change
    entry_id: uuid.UUID
    position: int


def first_difference(sealed: Sequence[Leaf], found: Sequence[Leaf]) -> Difference | None:
    """Compare a seal's leaves with those of the rows there are now, in order of (timestamp, id).

    `found`: the rows that the seal names, and those of its time that no seal names.
    """
    for position, (one, other) in enumerate(zip(sealed, found, strict=False)):
        if one != other:
            return _name(sealed, found, position)
    shorter = min(len(sealed), len(found))
    if len(sealed) > shorter:
        return Difference(Change.REMOVED, sealed[shorter].entry_id, shorter)
    if len(found) > shorter:
        return Difference(Change.INSERTED, found[shorter].entry_id, shorter)
    return None


def _name(sealed: Sequence[Leaf], found: Sequence[Leaf], position: int) -> Difference:
    """What happened where the two sides part; both have a leaf there."""
    was, now = sealed[position], found[position]
    before = {leaf.entry_id: leaf.digest for leaf in sealed}
    after = {leaf.entry_id: leaf.digest for leaf in found[position:]}
    if now.entry_id not in before:
        return Difference(Change.INSERTED, now.entry_id, position)
    if was.entry_id not in after:
        return Difference(Change.REMOVED, was.entry_id, position)
    if after[was.entry_id] != was.digest:
        return Difference(Change.EDITED, was.entry_id, position)
    # An entry that stands too early because its time was edited, not because it was moved.
    if before[now.entry_id] != now.digest:
        return Difference(Change.EDITED, now.entry_id, position)
    return Difference(Change.REORDERED, was.entry_id, position)
