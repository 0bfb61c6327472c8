"""A locked text: AES-256-GCM under one key, as `v1.<key id>.<nonce>.<ciphertext>`."""

from __future__ import annotations

import base64
import binascii
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class DecryptionFailed(Exception):
    """The text was changed, belongs to another place, or its key is not here.

    The message holds neither the text nor what was in it.
    """


class KeyDestroyed(Exception):
    """The key was destroyed on purpose: the person it belonged to is erased."""


def lock(key: bytes, key_id: str, plaintext: bytes, associated: bytes) -> str:
    """Encrypt. The same `associated` must be given to open it again."""
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, plaintext, _bind(key_id, associated))
    return f"{VERSION}.{key_id}.{_encode(nonce)}.{_encode(ciphertext)}"


def unlock(key: bytes, token: str, associated: bytes) -> bytes:
    """Decrypt, or DecryptionFailed when any byte or the place differs."""
    key_id, nonce, ciphertext = _parse(token)
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, _bind(key_id, associated))
    except InvalidTag:
        raise DecryptionFailed("wrong key, wrong place, or changed since it was sealed") from None


def key_id_of(token: str) -> str:
    """The id of the key that a token was locked with; DecryptionFailed when it is no token."""
    return _parse(token)[0]


def _bind(key_id: str, associated: bytes) -> bytes:
    return f"{VERSION}.{key_id}.".encode() + associated


def _parse(token: str) -> tuple[str, bytes, bytes]:
    parts = token.split(".")
    if len(parts) != 4 or parts[0] != VERSION or not KEY_ID.fullmatch(parts[1]):
        raise DecryptionFailed("not a sealed value")
    nonce = _decode(parts[2])
    if len(nonce) != NONCE_BYTES:
        raise DecryptionFailed("not a sealed value")
    return parts[1], nonce, _decode(parts[3])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decode(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise DecryptionFailed("not a sealed value") from None
    # Several texts decode to the same bytes; only the one we write is accepted.
    if _encode(data) != text:
        raise DecryptionFailed("not a sealed value")
    return data
