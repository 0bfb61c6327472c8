"""Files that are nobody's but ours: sealed before they are stored, wherever they are stored.

The storage is `STORAGES["private"]`: a folder, a shared volume, a bucket. It only ever holds
ciphertext. Each file has a data key of its own, wrapped by the keyring, and is sealed in chunks,
so that neither way ever has the whole of it in memory:

    magic, the wrapped key, a line end, then chunks of 64 KiB with 16 bytes of tag each

Chunk number, whether it is the last, and the file's name are bound into each chunk: one that was
cut off, swapped, repeated, or moved to another file does not open.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files import File
from django.core.files.storage import Storage, storages

from audit.cipher import KEY_BYTES, DecryptionFailed
from audit.keyring import key_provider

ALIAS = "private"
MAGIC = b"comptoir-file-1 "
CHUNK = 64 * 1024
TAG = 16
MOST_HEAD = 512
IN_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as its row should know it: `size` and `digest` (SHA-256) are of the plain content."""

    name: str
    size: int
    digest: str


def new_name(folder: str) -> str:
    """A name that says nothing, for one new file. A row may name it before it is written."""
    pk = uuid.uuid4().hex
    return f"{folder}/{pk[:2]}/{pk}"


def store(content: Iterable[bytes], *, name: str = "") -> Stored:
    """Seal what `content` yields (an open file, an upload, a generator) and store it.

    Never called inside a transaction: the row that names the file comes after it. Raises
    FileExistsError when the name is taken; a name is written once.
    """
    name = name or new_name("files")
    measured = _Measured(content)
    # Several storages want to seek in what they send, so the ciphertext rests here first.
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as sealed:
        for part in _sealed(measured, name):
            sealed.write(part)
        sealed.seek(0)
        _save(name, cast("IO[bytes]", sealed))
    return Stored(name, measured.size, measured.digest)


def open_sealed(name: str) -> BinaryIO:
    """The plain content, to be read in order and closed. FileNotFoundError when it is not there.

    Reading raises DecryptionFailed at the first byte that is not what was stored under this name.
    """
    file = _storage().open(name)
    try:
        key = _read_head(file)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", io.BufferedReader(_Opened(file, key, name), CHUNK))


def renewed(name: str) -> str:
    """The same content in a new file under the keyring's current key; the old one stays.

    For a rotation: change the row to the new name, then remove the old one. The new name is always
    the same, so that a repeat finds what it began, and writes anew what was not finished; and it is
    in the same folder, so that whoever removes that removes it too.
    """
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {key_provider().current_id}").hex
    new = f"{name.rpartition('/')[0]}/{made}"
    if _storage().exists(new):
        if _is_whole(new):
            return new
        remove(new)
    with open_sealed(name) as content:
        return store(_parts(content), name=new).name


def token_of(name: str) -> str:
    """The wrapped key of a file. FileNotFoundError, DecryptionFailed when it is not one."""
    with _storage().open(name) as file:
        return _read_token(file)


def remove(name: str) -> None:
    """Have it gone. A repeat, or one that never was, is fine."""
    _storage().delete(name)


def remove_folder(folder: str) -> None:
    """Have everything below a folder gone. A repeat, or one that never was, is fine."""
    try:
        folders, names = _storage().listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        _storage().delete(f"{folder}/{name}")
    for inner in folders:
        remove_folder(f"{folder}/{inner}")


def _storage() -> Storage:
    return storages[ALIAS]


def _save(name: str, sealed: IO[bytes]) -> None:
    kept = _storage().save(name, File(sealed))
    if kept != name:
        _storage().delete(kept)
        raise FileExistsError("a private file is written once")


# Sealing ----------------------------------------------------------------------------------------


class _Measured:
    """Passes content on in chunks of one size, and knows afterwards how much it was."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        waiting = bytearray()
        for part in self._content:
            self._hash.update(part)
            self.size += len(part)
            waiting += part
            while len(waiting) > CHUNK:
                yield bytes(waiting[:CHUNK])
                del waiting[:CHUNK]
        yield bytes(waiting)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _sealed(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    secret = os.urandom(KEY_BYTES)
    key = AESGCM(secret)
    yield MAGIC + key_provider().wrap(secret).encode("ascii") + b"\n"
    for number, (chunk, is_last) in enumerate(_with_last(chunks)):
        yield key.encrypt(_nonce(number, is_last=is_last), chunk, name.encode())


def _with_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    before: bytes | None = None
    for chunk in chunks:
        if before is not None:
            yield before, False
        before = chunk
    yield before or b"", True


def _nonce(number: int, *, is_last: bool) -> bytes:
    """Each key seals one file, so the number of the chunk never repeats under it."""
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


# Opening ----------------------------------------------------------------------------------------


def _is_whole(name: str) -> bool:
    try:
        with open_sealed(name) as content:
            while content.read(CHUNK):
                pass
    except DecryptionFailed:
        return False
    return True


def _read_head(file: Any) -> AESGCM:
    return AESGCM(key_provider().unwrap(_read_token(file)))


def _read_token(file: Any) -> str:
    head = bytes(file.readline(MOST_HEAD))
    if not head.startswith(MAGIC) or not head.endswith(b"\n"):
        raise DecryptionFailed("not a sealed file")
    try:
        return head[len(MAGIC) : -1].decode("ascii")
    except UnicodeDecodeError:
        raise DecryptionFailed("not a sealed file") from None


class _Opened(io.RawIOBase):
    """Opens chunk by chunk. One chunk is read ahead: only so is it known which is the last."""

    def __init__(self, file: Any, key: AESGCM, name: str) -> None:
        self._file, self._key, self._name = file, key, name
        self._number = 0
        self._ahead = _read(file)
        self._plain = b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._is_over:
            self._plain = self._next()
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _next(self) -> bytes:
        chunk, self._ahead = self._ahead, _read(self._file)
        self._is_over = not self._ahead
        nonce = _nonce(self._number, is_last=self._is_over)
        self._number += 1
        try:
            return self._key.decrypt(nonce, chunk, self._name.encode())
        except InvalidTag:
            raise DecryptionFailed("a chunk is missing, moved or changed") from None


def _read(file: Any) -> bytes:
    """A whole chunk, or what is left: a storage may hand out less than it was asked for."""
    parts = bytearray()
    while len(parts) < CHUNK + TAG:
        part = file.read(CHUNK + TAG - len(parts))
        if not part:
            break
        parts += part
    return bytes(parts)


def _parts(content: BinaryIO) -> Iterator[bytes]:
    while part := content.read(CHUNK):
        yield part
