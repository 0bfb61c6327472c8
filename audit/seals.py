"""Proof that the log was not touched: entries are sealed in batches, each seal upon the last.

A seal holds the id and digest of each entry in order, the Merkle root over them, the digest of the
seal before it, and a signature. Who edits, removes, inserts or reorders an entry must make this
seal and all after it anew; who can sign them too is still given away by the digests kept outside
the database (`Anchor`). Nothing here reads or writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from audit.canonical import canonical_bytes
from audit.keyring import key_provider
from audit.leaves import VERSION, Leaf, merkle_root, pack_leaves, unpack_leaves

NO_PREVIOUS = "0" * 64
PURPOSE = "seal"
SIGNED = b"comptoir/seal/v1\x00"
HEAD = b"\x02"


class Link(Protocol):
    """What the next seal needs of the one before it."""

    @property
    def number(self) -> int: ...
    @property
    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """The columns of a seal. Digests are hex.

    `covers_until`: entries recorded before it are in this seal or an earlier one, but for those
    whose transaction was still open; they come with the next.
    """

    number: int
    version: int
    previous: str
    root: str
    size: int
    covers_until: datetime
    sealed_at: datetime
    key_id: str
    leaves: bytes
    digest: str
    signature: str


def seal_leaves(
    leaves: Sequence[Leaf], previous: Link | None, *, covers_until: datetime, sealed_at: datetime
) -> Sealed:
    """The seal of these leaves upon the one before, signed with the keyring's current key.

    Raises ValueError when there are no leaves.
    """
    key_id = key_provider().current_id
    unsigned = Sealed(
        number=previous.number + 1 if previous else 1,
        version=VERSION,
        previous=previous.digest if previous else NO_PREVIOUS,
        root=merkle_root(leaves).hex(),
        size=len(leaves),
        covers_until=covers_until,
        sealed_at=sealed_at,
        key_id=key_id,
        leaves=pack_leaves(leaves),
        digest="",
        signature="",
    )
    digest = head_digest(unsigned)
    signature = signing_key(key_id).sign(SIGNED + digest).hex()
    return Sealed(**{**asdict(unsigned), "digest": digest.hex(), "signature": signature})


def head_digest(sealed: Sealed) -> bytes:
    """What is signed, chained and anchored: all that a seal says, with the root for its leaves."""
    head = asdict(sealed)
    for name in ("leaves", "digest", "signature"):
        del head[name]
    return hashlib.sha256(HEAD + canonical_bytes(head)).digest()


class Flaw(StrEnum):
    """What is wrong with a seal itself."""

    NUMBER = "number"
    PREVIOUS = "previous"
    LEAVES = "leaves"
    DIGEST = "digest"
    SIGNATURE = "signature"


def find_flaw(
    sealed: Sealed, previous: Link | None, public_key: Ed25519PublicKey | None
) -> Flaw | None:
    """What is wrong with a seal that follows `previous`; None when it holds.

    `public_key` is the one of `sealed.key_id`, None when nobody knows that key.
    """
    if sealed.number != (previous.number + 1 if previous else 1):
        return Flaw.NUMBER
    if sealed.previous != (previous.digest if previous else NO_PREVIOUS):
        return Flaw.PREVIOUS
    if not _leaves_hold(sealed):
        return Flaw.LEAVES
    if sealed.digest != head_digest(sealed).hex():
        return Flaw.DIGEST
    if public_key is None or not is_signed(sealed, public_key):
        return Flaw.SIGNATURE
    return None


def _leaves_hold(sealed: Sealed) -> bool:
    try:
        leaves = unpack_leaves(sealed.leaves)
        return len(leaves) == sealed.size and merkle_root(leaves).hex() == sealed.root
    except ValueError:
        return False


# Keys ------------------------------------------------------------------------------------------


def signing_key(key_id: str) -> Ed25519PrivateKey:
    """The private key of one numbered key of the keyring. DecryptionFailed when it is not there."""
    return Ed25519PrivateKey.from_private_bytes(key_provider().derive(PURPOSE, key_id))


def public_key_pem(key_id: str) -> str:
    """What an auditor needs to check signatures without the keyring."""
    key = signing_key(key_id).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def read_public_key(pem: str) -> Ed25519PublicKey:
    """A key written by `public_key_pem`. ValueError when it is none."""
    key = load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    return key


class SignedDigest(Protocol):
    """A seal, or its anchor."""

    @property
    def digest(self) -> str: ...
    @property
    def signature(self) -> str: ...


def is_signed(signed: SignedDigest, public_key: Ed25519PublicKey) -> bool:
    """Whether the signature over the digest is this key's."""
    try:
        public_key.verify(bytes.fromhex(signed.signature), SIGNED + bytes.fromhex(signed.digest))
    except (InvalidSignature, ValueError):
        return False
    return True


# Anchors --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is kept of a seal outside the database. Only it shows that the last seals are gone."""

    number: int
    digest: str
    key_id: str
    signature: str

    @classmethod
    def of(cls, sealed: Sealed) -> Anchor:
        return cls(sealed.number, sealed.digest, sealed.key_id, sealed.signature)

    @classmethod
    def read(cls, line: str) -> Anchor:
        """One line of an anchor file. ValueError when it is none."""
        try:
            return cls(**json.loads(line))
        except TypeError:
            raise ValueError("not an anchor") from None

    def line(self) -> str:
        """One line of JSON, without its line break."""
        return canonical_bytes(self).decode("ascii")

    def holds_for(self, link: Link | None) -> bool:
        """Whether the seal of this number is still there and the same."""
        return link is not None and (link.number, link.digest) == (self.number, self.digest)
