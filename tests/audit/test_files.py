from __future__ import annotations

import hashlib
import os
import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from audit import files
from audit.cipher import DecryptionFailed
from audit.files import CHUNK, MAGIC, TAG, new_name, open_sealed, remove, renewed, store

SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17)
NEW_KEYRING = "new:bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE=,"


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    return tmp_path


def read(name: str) -> bytes:
    with open_sealed(name) as content:
        return content.read()


def body_at(raw: bytes) -> int:
    return raw.index(b"\n") + 1


@pytest.mark.parametrize("size", SIZES)
def test_file_of_any_size_comes_back_as_it_was(folder: Path, size: int) -> None:
    content = os.urandom(size)
    stored = store([content])
    assert read(stored.name) == content
    assert stored.size == size
    assert stored.digest == hashlib.sha256(content).hexdigest()


@given(st.lists(st.binary(max_size=CHUNK * 2), max_size=6))
def test_how_content_is_cut_up_makes_no_difference(parts: list[bytes]) -> None:
    stored = store(parts)
    try:
        assert read(stored.name) == b"".join(parts)
    finally:
        remove(stored.name)


def test_upload_is_stored_and_nothing_of_it_rests_in_clear(folder: Path) -> None:
    stored = store(SimpleUploadedFile("a.txt", b"a secret of the house " * 9000))
    raw = (folder / stored.name).read_bytes()
    assert raw.startswith(MAGIC)
    assert b"secret" not in raw
    assert "secret" not in stored.name


def test_same_content_twice_rests_as_different_bytes(folder: Path) -> None:
    first, second = store([b"equal"]), store([b"equal"])
    assert first.name != second.name
    assert (folder / first.name).read_bytes() != (folder / second.name).read_bytes()


@pytest.mark.parametrize("cut", [1, TAG, CHUNK + TAG, CHUNK + TAG + 5])
def test_file_that_was_cut_off_does_not_open(folder: Path, cut: int) -> None:
    path = folder / store([os.urandom(3 * CHUNK)]).name
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DecryptionFailed):
        read(str(path.relative_to(folder)))


def test_file_without_its_chunks_does_not_open_as_an_empty_one(folder: Path) -> None:
    path = folder / store([b"x" * CHUNK]).name
    raw = path.read_bytes()
    path.write_bytes(raw[: body_at(raw)])
    with pytest.raises(DecryptionFailed):
        read(str(path.relative_to(folder)))


def test_chunks_that_were_swapped_do_not_open(folder: Path) -> None:
    path = folder / store([os.urandom(3 * CHUNK)]).name
    raw = path.read_bytes()
    at, step = body_at(raw), CHUNK + TAG
    first, second = raw[at : at + step], raw[at + step : at + 2 * step]
    path.write_bytes(raw[:at] + second + first + raw[at + 2 * step :])
    with pytest.raises(DecryptionFailed):
        read(str(path.relative_to(folder)))


def test_something_added_at_the_end_does_not_open(folder: Path) -> None:
    path = folder / store([os.urandom(CHUNK)]).name
    raw = path.read_bytes()
    path.write_bytes(raw + raw[body_at(raw) :])
    with pytest.raises(DecryptionFailed):
        read(str(path.relative_to(folder)))


@pytest.mark.parametrize("at", [0, 20, -1])
def test_one_changed_byte_does_not_open(folder: Path, at: int) -> None:
    path = folder / store([b"hello"]).name
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(DecryptionFailed):
        read(str(path.relative_to(folder)))


def test_file_under_another_name_does_not_open(folder: Path) -> None:
    mine, other = store([b"mine"]), store([b"of another"])
    (folder / mine.name).write_bytes((folder / other.name).read_bytes())
    with pytest.raises(DecryptionFailed):
        read(mine.name)


def test_what_was_never_sealed_does_not_open(folder: Path) -> None:
    (folder / "plain").write_bytes(b"hello " * 1000)
    with pytest.raises(DecryptionFailed):
        read("plain")


def test_name_is_written_once(folder: Path) -> None:
    name = new_name("exports")
    store([b"first"], name=name)
    with pytest.raises(FileExistsError):
        store([b"second"], name=name)
    assert read(name) == b"first"
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_content_that_breaks_off_leaves_no_file(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * CHUNK
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store(broken())
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_removed_file_is_gone_and_a_repeat_is_fine(folder: Path) -> None:
    stored = store([b"x"])
    remove(stored.name)
    remove(stored.name)
    with pytest.raises(FileNotFoundError):
        open_sealed(stored.name)


def test_file_resealed_is_under_the_current_key_and_the_old_one_stays(
    folder: Path, settings: Settings
) -> None:
    old = store([b"kept"], name=new_name("notes"))
    settings.COMPTOIR_KEYRING = NEW_KEYRING + settings.COMPTOIR_KEYRING
    new = renewed(old.name)
    assert new.rpartition("/")[0] == old.name.rpartition("/")[0]
    assert new != old.name
    assert b".new." in (folder / new).read_bytes()[:40]
    assert read(new) == read(old.name) == b"kept"


@pytest.mark.parametrize("left", [0, 20, 100])
def test_file_that_was_begun_anew_and_not_finished_is_made_whole(
    folder: Path, settings: Settings, left: int
) -> None:
    old = store([b"kept"])
    settings.COMPTOIR_KEYRING = NEW_KEYRING + settings.COMPTOIR_KEYRING
    new = renewed(old.name)
    whole = (folder / new).read_bytes()
    (folder / new).write_bytes(whole[:left])
    assert renewed(old.name) == new
    assert read(new) == b"kept"
    whole = (folder / new).read_bytes()
    assert renewed(old.name) == new
    assert (folder / new).read_bytes() == whole, "what is whole is not written again"


def test_key_that_left_the_keyring_takes_its_files_with_it(
    folder: Path, settings: Settings
) -> None:
    name = store([b"x"]).name
    settings.COMPTOIR_KEYRING = NEW_KEYRING.rstrip(",")
    with pytest.raises(DecryptionFailed):
        read(name)


def test_neither_way_holds_the_whole_file_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "IN_MEMORY", CHUNK)
    megabytes = 16
    tracemalloc.start()
    try:
        name = store(b"x" * CHUNK for _ in range(megabytes * 16)).name
        with open_sealed(name) as content:
            while content.read(CHUNK):
                pass
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * 1024 * 1024


def test_private_files_are_for_their_owner_alone(tmp_path: Path, settings: Settings) -> None:
    given = {**settings.PRIVATE_FOLDER, "location": str(tmp_path / "private")}
    private = {**settings.STORAGES["private"], "OPTIONS": given}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    path = tmp_path / "private" / store([b"x"]).name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert storages["private"].exists(path.relative_to(tmp_path / "private").as_posix())
