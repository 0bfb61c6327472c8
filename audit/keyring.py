"""Where keys come from: a keyring of our own by default, a KMS or a vault beside it.

A keyring has numbered keys: the first wraps what is new, the others still open what they wrapped.
What must stay the same for years (blind indexes, digests) is derived from the key named `root`,
or from the last (oldest) one where none has that name, so that putting a new key in front changes
no index. No key is used as it is: each use derives its own with HKDF under a label of its own.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from audit.cipher import KEY_BYTES, KEY_ID, DecryptionFailed, key_id_of, lock, unlock

ROOT = "root"
WRAP = "data-key"


class KeyProvider(Protocol):
    """What a source of keys must offer. Made without arguments; reads its own settings."""

    @property
    def current_id(self) -> str:
        """The id of the key that wraps what is new."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the numbered keys that are there, the current one first."""

    @property
    def root_id(self) -> str:
        """The id of the key that must never go, as long as no other has its part."""

    def wrap(self, data_key: bytes) -> str:
        """Lock a data key; the id of the wrapping key is inside the answer."""

    def unwrap(self, token: str) -> bytes:
        """Open a wrapped data key; DecryptionFailed when it is not ours or was changed."""

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """A 32-byte key for one purpose: under a numbered key, or one that outlives rotation.

        DecryptionFailed when there is no key with this id.
        """

    def __hash__(self) -> int:
        """Providers are told apart by identity: each has its own memory of opened keys."""


class LocalKeyring:
    """Keys from `COMPTOIR_KEYRING` ("2026a:<base64>,2025b:<base64>") or `COMPTOIR_KEYRING_FILE`.

    Each key is 32 random bytes in base64. `COMPTOIR_KEYRING_CREATE` makes a missing file.
    """

    def __init__(self, text: str = "") -> None:
        self._keys = parse_keys(text or _configured_text())
        numbered = [key_id for key_id in self._keys if key_id != ROOT]
        if not numbered:
            raise ImproperlyConfigured("the keyring needs a key beside its root")
        self._current = numbered[0]
        self._root = ROOT if ROOT in self._keys else numbered[-1]
        self._derived: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<LocalKeyring {', '.join(self._keys)}>"

    @property
    def current_id(self) -> str:
        return self._current

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key_id for key_id in self._keys if key_id != ROOT)

    @property
    def root_id(self) -> str:
        return self._root

    def wrap(self, data_key: bytes) -> str:
        return lock(self.derive(WRAP, self._current), self._current, data_key, WRAP.encode())

    def unwrap(self, token: str) -> bytes:
        return unlock(self.derive(WRAP, key_id_of(token)), token, WRAP.encode())

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """A key for one purpose, remembered: HKDF costs more than what it is used for."""
        # Root and numbered keys are labelled apart, as one key may play both parts.
        label = f"comptoir/{'root' if key_id is None else 'key'}/{purpose}"
        name = key_id or self._root
        found = self._derived.get((name, label))
        if found is None:
            if name not in self._keys:
                raise DecryptionFailed("the key is not in the keyring")
            found = HKDF(SHA256(), KEY_BYTES, salt=None, info=label.encode()).derive(
                self._keys[name]
            )
            self._derived[name, label] = found
        return found


def key_provider() -> KeyProvider:
    """The source of keys that the settings name. Raises ImproperlyConfigured."""
    return _load(
        settings.COMPTOIR_KEY_PROVIDER,
        settings.COMPTOIR_KEYRING,
        settings.COMPTOIR_KEYRING_FILE,
    )


@lru_cache(maxsize=1)
def _load(path: str, *_settings: str) -> KeyProvider:
    make: Callable[[], KeyProvider] = import_string(path)
    return make()


def parse_keys(text: str) -> dict[str, bytes]:
    """`{id: key}` in the order written; commas or lines between. Errors never show a key."""
    keys: dict[str, bytes] = {}
    for item in re.split(r"[,\s]+", text.strip()):
        key_id, colon, encoded = item.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ImproperlyConfigured("a key of the keyring is written <id>:<base64>")
        if key_id in keys:
            raise ImproperlyConfigured(f"key {key_id} is twice in the keyring")
        try:
            keys[key_id] = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise ImproperlyConfigured(f"key {key_id} of the keyring is not base64") from None
        if len(keys[key_id]) != KEY_BYTES:
            raise ImproperlyConfigured(f"key {key_id} of the keyring is not {KEY_BYTES} bytes")
    return keys


def new_keys_text() -> str:
    """A fresh keyring: one numbered key and a root."""
    names = (f"{datetime.now(UTC):%Y}a", ROOT)
    lines = [f"{name}:{base64.b64encode(os.urandom(KEY_BYTES)).decode('ascii')}" for name in names]
    return "\n".join(lines) + "\n"


def _configured_text() -> str:
    if settings.COMPTOIR_KEYRING:
        return str(settings.COMPTOIR_KEYRING)
    if not settings.COMPTOIR_KEYRING_FILE:
        raise ImproperlyConfigured("set COMPTOIR_KEYRING or COMPTOIR_KEYRING_FILE")
    path = Path(settings.COMPTOIR_KEYRING_FILE)
    if not path.exists():
        if not settings.COMPTOIR_KEYRING_CREATE:
            raise ImproperlyConfigured("the file of COMPTOIR_KEYRING_FILE does not exist")
        create_file(path)
    return path.read_text(encoding="ascii")


def create_file(path: Path) -> None:
    """Write a fresh keyring that only its owner can read, unless somebody was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".keyring-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(new_keys_text())
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the file of a faster process.
        Path(path).hardlink_to(draft)
        _sync_folder(path.parent)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
