"""French: nothing the product says is missing from its catalogue, and its pages really speak it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.test import Client
from django.utils import translation

from deploy.compile_messages import compile_catalogue
from deploy.messages import LOCALE, collect, is_translated, read_catalogue, update
from tests.payments.builders import captured_payment, eur
from tests.payments.pages import agent_browser

FRENCH = LOCALE / "fr" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]")
TAG = re.compile(r"</?[a-z][^>]*>")
TIGHT = re.compile(r"(?<![\u00a0\u202f])[:;?!»](?=\s|$)|«(?!\u00a0)")
HEAD = """\
# Words for a test.
msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"""
OLD = """
msgid "kept"
msgstr "gardé"

msgid "gone"
msgstr "parti"
"""

Key = tuple[str | None, Any]


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def french() -> Catalog:
    return read_catalogue(FRENCH)


def messages_of(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [one for one in catalogue if one.id]


def keys_of(catalogue: Catalog) -> set[Key]:
    return {(one.context, one.id) for one in messages_of(catalogue)}


def texts(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def pairs(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    """Each English text beside each of its French ones."""
    for message in messages_of(catalogue):
        english = texts(message.id)
        for number, said in enumerate(texts(message.string)):
            yield english[min(number, len(english) - 1)], said


def test_every_text_of_the_product_is_in_the_french_catalogue(french: Catalog) -> None:
    assert keys_of(collect()) - keys_of(french) == set(), "run `make messages` and translate"


def test_catalogue_keeps_nothing_that_the_product_no_longer_says(french: Catalog) -> None:
    assert keys_of(french) - keys_of(collect()) == set(), "run `make messages`"
    assert list(french.obsolete) == []


def test_every_text_is_translated_and_none_is_a_guess(french: Catalog) -> None:
    messages = messages_of(french)
    assert [one.id for one in messages if not is_translated(one)] == []
    assert [one.id for one in messages if one.fuzzy] == []
    assert not french.fuzzy


def test_placeholders_and_tags_are_those_of_the_english(french: Catalog) -> None:
    for english, said in pairs(french):
        for parts in (PLACEHOLDER, TAG):
            wanted = sorted(found[0] for found in parts.finditer(english))
            assert sorted(found[0] for found in parts.finditer(said)) == wanted, said


def test_french_is_set_as_french_is(french: Catalog) -> None:
    said = [TAG.sub("", text) for _english, text in pairs(french)]
    assert [text for text in said if "'" in text or '"' in text or TIGHT.search(text)] == []


def test_texts_are_found_in_code_and_templates_with_plurals_and_contexts() -> None:
    found = collect()
    assert found.get("Nothing was changed.") is not None
    assert found.get(("%(rows)s row shown", "%(rows)s rows shown")) is not None
    in_context = found.get("authorized", "attempt")
    assert in_context is not None
    assert [file for file, _line in in_context.locations] == ["payments/models/attempts.py"]


def test_update_keeps_what_was_said_adds_what_is_new_and_drops_what_is_gone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + OLD)
    found = Catalog()
    for text in ("kept", "new"):
        found.add(text, locations=[("templates/here.html", 7)])
    assert update(file, found) == 1
    once = file.read_text()
    assert once.startswith(HEAD + "\n")
    assert "#: templates/here.html\n" in once
    after = read_catalogue(file)
    assert {one.id: one.string for one in messages_of(after)} == {"kept": "gardé", "new": ""}
    update(file, found)
    assert file.read_text() == once


def test_catalogue_is_compiled_once_and_again_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + OLD)
    assert compile_catalogue(file)
    assert not compile_catalogue(file)
    file.write_text((HEAD + OLD).replace("parti", "disparu"))
    assert compile_catalogue(file)
    assert {one.name for one in file.parent.iterdir()} == {"django.po", "django.mo"}


def read_in_french(browser: Client, address: str) -> str:
    """The words of a page as a browser asks for it that wants French."""
    response = browser.get(address, headers={"accept-language": "fr"})
    assert response.status_code == 200
    assert response.headers["Content-Language"] == "fr"
    page = response.content.decode()
    assert '<html lang="fr"' in page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.django_db
def test_sign_in_page_speaks_french() -> None:
    page = read_in_french(Client(), "/accounts/login/")
    assert "Se connecter" in page
    assert "Mot de passe" in page
    assert "Password" not in page
    assert "Sign in" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("somebody")
def test_list_of_payments_speaks_french() -> None:
    captured_payment(eur(123_450))
    page = read_in_french(agent_browser(), "/payments/")
    for word in ("Paiements", "Commerçant", "Montant", "Capturé", "1 234,50"):
        assert word in page
    for word in ("Payments", "Merchant", "Amount", "Captured"):
        assert word not in page
