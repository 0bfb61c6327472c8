"""The public keys that seals are checked with, also of keys that have left the keyring.

A key that goes is endorsed by the one that stays: its public key is signed and kept in the
database. So an old seal is checked by way of whoever is in the keyring now, and a public key that
somebody else has put into the table is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.canonical import canonical_bytes
from audit.cipher import DecryptionFailed
from audit.command import command
from audit.keyring import key_provider
from audit.models import SealKey
from audit.seals import public_key_pem, read_public_key, signing_key
from audit.work import Work

ENDORSED = b"comptoir/seal-key/v1\x00"


@command("audit.keys.endorsed")
def endorse_keys(work: Work, *, key_ids: list[str]) -> list[str]:
    """Have the keyring's current key endorse these; answers those that were not yet.

    One SELECT, one INSERT.
    """
    current = key_provider().current_id
    known = set(
        SealKey.objects.filter(endorsed_by=current, key_id__in=key_ids).values_list(
            "key_id", flat=True
        )
    )
    fresh = [key_id for key_id in key_ids if key_id not in known and key_id != current]
    for key_id in fresh:
        pem = public_key_pem(key_id)
        work.add(
            SealKey(
                key_id=key_id,
                public_key=pem,
                endorsed_by=current,
                signature=signing_key(current).sign(_said(key_id, pem)).hex(),
                made_at=work.now,
            )
        )
    if fresh:
        work.record("audit.keys.endorsed", data={"keys": fresh, "by": current})
    return fresh


def find_public_key(key_id: str) -> Ed25519PublicKey | None:
    """The key that seals of this id are checked with; None when nobody we trust knows it.

    No query for a key of the keyring, else one SELECT.
    """
    return _from_keyring(key_id) or _find_endorsed(key_id, SealKey.objects.all(), set())


def _from_keyring(key_id: str) -> Ed25519PublicKey | None:
    try:
        return signing_key(key_id).public_key()
    except DecryptionFailed:
        return None


def _find_endorsed(
    key_id: str, rows: Iterable[SealKey], asked: set[str]
) -> Ed25519PublicKey | None:
    asked.add(key_id)
    for row in rows:
        if row.key_id != key_id or row.endorsed_by in asked:
            continue
        endorser = _from_keyring(row.endorsed_by) or _find_endorsed(row.endorsed_by, rows, asked)
        if endorser is not None and _is_endorsed(row, endorser):
            return read_public_key(row.public_key)
    return None


def _is_endorsed(row: SealKey, endorser: Ed25519PublicKey) -> bool:
    try:
        endorser.verify(bytes.fromhex(row.signature), _said(row.key_id, row.public_key))
    except (InvalidSignature, ValueError):
        return False
    return True


def _said(key_id: str, pem: str) -> bytes:
    return ENDORSED + canonical_bytes([key_id, pem])
