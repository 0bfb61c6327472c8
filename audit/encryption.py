"""Personal data and secrets: sealed where they rest, indexed blind, masked when shown.

A person's fields are sealed under a data key of his own, which the keyring wraps. Destroying that
key erases the person and leaves every record in place. `place` ("table:column:pk") is bound into
each sealed text, so that one moved to another row or column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from django.db import models

from audit.canonical import canonical_bytes
from audit.cipher import KEY_BYTES, DecryptionFailed, KeyDestroyed, key_id_of, lock, unlock
from audit.keyring import KeyProvider, key_provider

__all__ = [
    "DataKey",
    "DecryptionFailed",
    "KeyDestroyed",
    "SealedField",
    "blind_index",
    "fingerprint",
    "forget_data_keys",
    "is_under_current_key",
    "keyed_digest",
    "masked_email",
    "masked_name",
    "masked_phone",
    "new_data_key",
    "normalised_email",
    "normalised_phone",
    "open_data_key",
    "rewrap",
    "seal",
    "seal_secret",
    "unseal",
    "unseal_secret",
]

OPEN_KEYS = 1024
HIDDEN = "•••"


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A column that holds sealed text. The log shows only a keyed digest of it."""


# Data keys ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one person's fields, in the clear; never stored and never shown."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Says which key a text was sealed with, and nothing about the key."""
        return hmac.digest(self.secret, b"comptoir/data-key-id", "sha256")[:4].hex()


class _OpenKeys:
    """The data keys opened last, so that a page of people asks the provider once for each."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._keys: OrderedDict[bytes, DataKey] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, wrapped: str) -> DataKey:
        digest = hashlib.sha256(wrapped.encode()).digest()
        with self._lock:
            if digest in self._keys:
                self._keys.move_to_end(digest)
                return self._keys[digest]
        key = DataKey(self._provider.unwrap(wrapped))
        with self._lock:
            self._keys[digest] = key
            if len(self._keys) > OPEN_KEYS:
                self._keys.popitem(last=False)
        return key


@lru_cache(maxsize=1)
def _open_keys(provider: KeyProvider) -> _OpenKeys:
    return _OpenKeys(provider)


def new_data_key() -> tuple[DataKey, str]:
    """A fresh data key and its wrapped form, which is what is stored."""
    key = DataKey(os.urandom(KEY_BYTES))
    return key, key_provider().wrap(key.secret)


def open_data_key(wrapped: str) -> DataKey:
    """The data key of a stored, wrapped one; remembered. KeyDestroyed when nothing is stored."""
    if not wrapped:
        raise KeyDestroyed("the key was destroyed")
    return _open_keys(key_provider()).get(wrapped)


def forget_data_keys() -> None:
    """Drop every remembered data key of this process; after one was destroyed."""
    _open_keys.cache_clear()


def rewrap(wrapped: str) -> str:
    """The same data key under the keyring's current key; sealed texts stay as they are."""
    if not wrapped:
        raise KeyDestroyed("the key was destroyed")
    provider = key_provider()
    return provider.wrap(provider.unwrap(wrapped))


def is_under_current_key(token: str) -> bool:
    """Whether a wrapped key or a sealed secret is past the last rotation."""
    return key_id_of(token) == key_provider().current_id


# Sealing --------------------------------------------------------------------------------------


def seal(key: DataKey, plaintext: str, *, place: str) -> str:
    """Encrypt a person's value for one place ("table:column:pk")."""
    return lock(key.secret, key.id, plaintext.encode(), place.encode())


def unseal(key: DataKey, token: str, *, place: str) -> str:
    """The value again; DecryptionFailed when text, key or place are not those of `seal`."""
    return unlock(key.secret, token, place.encode()).decode()


def seal_secret(text: str, *, place: str) -> str:
    """Encrypt what belongs to no person's key: seeds, provider secrets, sessions."""
    provider = key_provider()
    key_id = provider.current_id
    return lock(provider.derive("secret", key_id), key_id, text.encode(), place.encode())


def unseal_secret(token: str, *, place: str) -> str:
    """The secret again; DecryptionFailed when it was changed, moved, or its key is gone."""
    key = key_provider().derive("secret", key_id_of(token))
    return unlock(key, token, place.encode()).decode()


# Digests --------------------------------------------------------------------------------------


def _mac(purpose: str, data: bytes) -> str:
    return hmac.digest(key_provider().derive(purpose), data, "sha256").hex()


def blind_index(value: str, *, purpose: str) -> str:
    """64 hex characters by which an equal value is found and from which none is read.

    Give it a normalised value. Indexes of different purposes cannot be compared.
    """
    return _mac("blind-index", canonical_bytes([purpose, value]))


def keyed_digest(text: str) -> str:
    """16 hex characters that stand for a value in the log: equal when it is, and no way back."""
    return _mac("digest", text.encode("utf-8", "surrogatepass"))[:16]


def fingerprint(value: object) -> str:
    """64 hex characters that tell whether a command is called again with the same parameters.

    TypeError for values without one canonical form (floats, bytes, sets).
    """
    return _mac("fingerprint", canonical_bytes(value))


# Shapes ---------------------------------------------------------------------------------------


def _one_form(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def normalised_email(text: str) -> str:
    """The form in which two spellings of an address are equal."""
    return _one_form(_one_form(_one_form(text).casefold()).casefold()).strip()


def normalised_phone(text: str) -> str:
    """Digits in ASCII, and the `+` in front where there is one."""
    plain = _one_form(text).strip()
    digits = "".join(str(unicodedata.digit(sign)) for sign in plain if sign.isdecimal())
    return f"+{digits}" if plain.startswith("+") else digits


def masked_email(text: str) -> str:
    """`jane.doe@demo.test` as `j•••@d•••.test`."""
    name, at, domain = text.strip().rpartition("@")
    if not (name and at and domain):
        return HIDDEN if text else ""
    first, dot, last = domain.rpartition(".")
    shown = f"{first[0]}{HIDDEN}{dot}{last}" if first else HIDDEN
    return f"{name[0]}{HIDDEN}@{shown}"


def masked_phone(text: str) -> str:
    """The last two digits, when there are enough others to hide them."""
    digits = normalised_phone(text).lstrip("+")
    if len(digits) < 6:
        return HIDDEN if text else ""
    return HIDDEN + digits[-2:]


def masked_name(text: str) -> str:
    """Initials: `Jane Doe` as `J. D.`"""
    return " ".join(f"{part[0].upper()}." for part in text.split())
