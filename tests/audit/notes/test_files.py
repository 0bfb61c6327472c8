"""Files of notes: known by their content, sealed with the words, never shown by a browser."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from audit.actor import acting_as, operator
from audit.errors import Refusal
from audit.models import LogEntry
from audit.notes.commands import hide_note, show_note
from audit.notes.contents import MOST_BYTES, examine, tidy_name
from audit.notes.models import Note
from config.access.models import User
from payments.models import Payment
from tests.audit.notes.test_notes import destroy_key
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import captured_payment
from tests.payments.pages import page_of, words_of

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "private"},
        },
    }
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        return captured_payment()


@pytest.fixture
def agent() -> User:
    return hire("Agathe Morel", "support_agent")


@pytest.fixture
def browser(agent: User) -> Client:
    return browser_of(agent)


def attach(
    browser: Client, payment: Payment, name: str, content: bytes, *, text: str = "", key: str = ""
) -> Any:
    sent = {
        "text": text,
        "key": key or str(uuid.uuid4()),
        "file": SimpleUploadedFile(name, content, content_type="text/html"),
    }
    return browser.post(f"/notes/payment/{payment.pk}/new/", sent)


@pytest.mark.parametrize(
    ("name", "content", "kind", "kept"),
    [
        ("receipt.pdf", PDF, "application/pdf", "receipt.pdf"),
        ("photo.png", PNG, "image/png", "photo.png"),
        ("photo.JPEG", JPEG, "image/jpeg", "photo.jpeg"),
        ("liar.html", PDF, "application/pdf", "liar.pdf"),
        ("nothing", PNG, "image/png", "nothing.png"),
        ("list.csv", "a;b\r\n1;é\r\n".encode(), "text/csv", "list.csv"),
        ("mail.txt", "\ufeffBonjour 🎁".encode(), "text/plain", "mail.txt"),
    ],
)
def test_a_file_is_what_its_content_says(name: str, content: bytes, kind: str, kept: str) -> None:
    facts = examine(name, content)
    assert (facts.type, facts.name, facts.size) == (kind, kept, len(content))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "file_empty"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "file_too_large"),
        ("a.pdf", b"<html><script>alert(1)</script></html>", "file_type"),
        ("a.txt", b"<html><script>alert(1)</script></html>", "file_type"),
        ("a.png", b"<?xml version='1.0'?><svg onload='alert(1)'/>", "file_type"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file_type"),
        ("a.pdf", b"MZ\x90\0\3", "file_type"),
        ("a.docx", b"PK\3\4\x14\0", "file_type"),
        ("a.txt", b"a\0b", "file_type"),
        ("a.txt", b"\xff\xfea\0", "file_type"),
        ("a.exe", b"plain words", "file_type"),
        ("a.csv", b"name,card\nx,4000 0566 5566 5556\n", "card_number"),
        ("a.txt", "４０００ ０５６６ ５５６６ ５５５６".encode(), "card_number"),
    ],
)
def test_another_file_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        examine(name, content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        (r"C:\Users\x\scan.pdf", "scan.pdf"),
        ("a\0b\u202egnp.pdf", "abgnp.pdf"),
        ('q"uo\r\nte;.pdf', "q_uote_.pdf"),
        ("  .hidden", "hidden.pdf"),
        ("x" * 300 + ".pdf", "x" * 76 + ".pdf"),
        ("", "file.pdf"),
        ("reçu été 🎁.pdf", "reçu été _.pdf"),
    ],
)
def test_a_name_is_tidied(name: str, tidy: str) -> None:
    assert tidy_name(name, ".pdf") == tidy


def test_a_file_is_kept_sealed_and_comes_back_as_an_attachment(
    browser: Client, payment: Payment, tmp_path: Path
) -> None:
    assert attach(browser, payment, "reçu.pdf", PDF, text="The receipt").status_code == 302
    note = Note.objects.get()
    stored = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert len(stored) == 1
    assert b"PDF" not in stored[0].read_bytes()
    assert "reçu" not in str(vars(note))
    assert "reçu.pdf" in words_of(browser.get(page_of(payment)))
    answer = browser.get(f"/notes/{note.pk}/file/")
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert "sandbox" in answer["Content-Security-Policy"]
    look = LogEntry.objects.get(event="access.notes.file")
    assert look.object_pk == str(note.pk)
    assert "reçu" not in str(list(LogEntry.objects.values()))


def test_a_file_needs_no_words_and_a_double_click_keeps_it_once(
    browser: Client, payment: Payment, tmp_path: Path
) -> None:
    key = str(uuid.uuid4())
    for _twice in range(2):
        assert attach(browser, payment, "photo.png", PNG, key=key).status_code == 302
    assert Note.objects.count() == 1
    assert len([one for one in tmp_path.rglob("*") if one.is_file()]) == 1
    answer = attach(browser, payment, "photo.png", PNG + b"x", key=key)
    assert answer.status_code == 409
    assert browser.get(f"/notes/{Note.objects.get().pk}/file/").content == PNG


def test_a_refused_file_leaves_nothing_and_keeps_the_words(
    browser: Client, payment: Payment, tmp_path: Path
) -> None:
    answer = attach(browser, payment, "bad.html", b"<html><script>", text="Look at this")
    assert answer.status_code == 400
    assert "Only PDF, PNG, JPEG" in words_of(answer)
    assert "Look at this" in answer.content.decode()
    assert Note.objects.count() == 0
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 7 * 1024 * 1024])
def test_a_file_that_is_too_large_is_refused(browser: Client, payment: Payment, size: int) -> None:
    assert attach(browser, payment, "big.txt", b"x" * size).status_code == 400
    assert Note.objects.count() == 0


def test_erasing_the_customer_takes_the_file(browser: Client, payment: Payment) -> None:
    attach(browser, payment, "receipt.pdf", PDF)
    assert payment.customer_id is not None
    destroy_key(payment.customer_id)
    assert browser.get(f"/notes/{Note.objects.get().pk}/file/").status_code == 404


def test_a_hidden_file_is_not_there_until_it_is_back(
    browser: Client, payment: Payment, agent: User
) -> None:
    attach(browser, payment, "receipt.pdf", PDF)
    note = Note.objects.get()
    with acting_as(as_actor(agent)):
        hide_note(note_id=note.pk)
        assert browser.get(f"/notes/{note.pk}/file/").status_code == 404
        show_note(note_id=note.pk)
    assert browser.get(f"/notes/{note.pk}/file/").content == PDF


def test_one_that_never_arrived_is_not_there(
    browser: Client, payment: Payment, tmp_path: Path
) -> None:
    attach(browser, payment, "receipt.pdf", PDF)
    for one in tmp_path.rglob("*"):
        if one.is_file():
            one.unlink()
    assert browser.get(f"/notes/{Note.objects.get().pk}/file/").status_code == 404


def test_who_may_not_see_the_object_gets_no_file(browser: Client, payment: Payment) -> None:
    attach(browser, payment, "receipt.pdf", PDF)
    privacy = browser_of(hire("Paul Vidal", "privacy_officer"))
    assert privacy.get(f"/notes/{Note.objects.get().pk}/file/").status_code == 403
