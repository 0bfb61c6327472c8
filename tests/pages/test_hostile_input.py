"""Every form against what must not pass: a clear refusal, never a 500, and nothing written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.pages import hostile
from tests.pages.conftest import SUPERUSER, Enter, House
from tests.pages.hostile import HOSTILE, STRANGE, Form
from tests.pages.test_matrix import (
    MAY_BE_WRITTEN,
    ROWS,
    WRITE,
    afterwards_as_before,
    sign_of,
    url_of,
)

BY_SYSTEMS = ("api:", "gateways:webhook")
"""Asked by systems, in JSON; they have tests of their own."""
POSTED = {row.name for row in ROWS if row.method == "POST" and not row.name.startswith(BY_SYSTEMS)}
TRACES = MAY_BE_WRITTEN | {"usersessions_usersession"}
SEARCHES = ("desk:find", "log:people", "payments:list")
"""What is looked for is no work."""
CLEAR = (200, 302, 400, 403, 404, 405, 409, 413)


def shown(browser: Client, url: str) -> dict[str, Any]:
    """What the administration's form holds untouched; nothing for a page that has none."""
    if not url.startswith("/admin/"):
        return {}
    answer = browser.get(url)
    adminform = (answer.context or {}).get("adminform") if answer.status_code == 200 else None
    if adminform is None:
        return {}
    values = {name: adminform.form[name].value() for name in adminform.form.fields}
    told = {name: "on" if value is True else value for name, value in values.items()}
    return {name: value for name, value in told.items() if value not in (None, False, "", [])}


def good(form: Form) -> dict[str, Any]:
    values = {
        name: value() if callable(value) else value for name, (_kind, value) in form.fields.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def send(browser: Client, url: str, data: dict[str, Any]) -> Any:
    """As a browser sends a form; a lone surrogate stands for a byte that is no UTF-8."""
    pairs = [
        f"{quote(name)}={quote(str(getattr(one, 'pk', one)).encode('utf-8', 'surrogateescape'))}"
        for name, value in data.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return browser.post(url, "&".join(pairs), content_type="application/x-www-form-urlencoded")


def tried(browser: Client, url: str, data: dict[str, Any]) -> tuple[Any, set[str]]:
    """The answer, and which tables were written."""
    with afterwards_as_before(), CaptureQueriesContext(connection) as queries:
        answer = send(browser, url, data)
    return answer, {table for one in queries for table in WRITE.findall(one["sql"])} - TRACES


def test_every_form_has_its_row(house: House) -> None:
    rows = set(hostile.forms_of(house))
    assert POSTED - rows == set(), "a form without a row in tests/pages/hostile.py"
    assert rows - POSTED == set(), "a row of a form that is there no more"


def address_of(name: str, house: House, form: Form) -> str:
    return url_of(name, house) + form.query


@pytest.fixture
def sit(enter: Enter) -> Client:
    browser = enter(SUPERUSER)
    browser.raise_request_exception = False
    return browser


def test_good_form_is_taken(house: House, sit: Client) -> None:
    """Else what is wrong with a hostile one would not be what the table says."""
    ticket = {name: cookie.value for name, cookie in sit.cookies.items()}
    wrong = []
    for name, form in hostile.forms_of(house).items():
        if not form.sign:
            continue
        sit.cookies.load(ticket)
        url = address_of(name, house, form)
        answer, _written = tried(sit, url, {**shown(sit, url), **good(form)})
        if sign_of(answer) != form.sign:
            wrong.append(f"{name}: {answer.status_code}, not {form.sign}")
    assert wrong == []


def faults_of(
    name: str, kind: str, field: str, value: str, answer: Any, written: set[str]
) -> list[str]:
    what = f"{name} {field}={value[:20]!r}"
    if answer.status_code not in CLEAR:
        return [f"{what}: {answer.status_code}"]
    if value not in HOSTILE[kind] or value == STRANGE:
        return []
    return [f"{what}: wrote {sorted(written)}"] if written else []


def test_hostile_field_is_refused_and_nothing_is_written(house: House, sit: Client) -> None:
    ticket = {name: cookie.value for name, cookie in sit.cookies.items()}
    wrong = []
    for name, form in hostile.forms_of(house).items():
        url = address_of(name, house, form)
        sit.cookies.load(ticket)
        base = {**shown(sit, url), **good(form)}
        for field, (kind, _value) in form.fields.items():
            for value in (*HOSTILE[kind], STRANGE):
                sit.cookies.load(ticket)
                answer, written = tried(sit, url, {**base, **good(form), field: value})
                wrong += faults_of(name, kind, field, value, answer, written)
    assert not wrong, "\n".join(wrong)


WORDS = "The parcel never came, see the photograph of the door."


def test_what_was_typed_when_the_session_ended_is_given_back(house: House, sit: Client) -> None:
    """In the form itself, or beside it: whoever signs in again finds his words."""
    ticket = {name: cookie.value for name, cookie in sit.cookies.items()}
    missing, tried_on = [], []
    for name, form in hostile.forms_of(house).items():
        typed = [one for one, (kind, _value) in form.fields.items() if kind in ("words", "needed")]
        url = address_of(name, house, form)
        sit.cookies.load(ticket)
        if not typed or name in SEARCHES or sit.get(url).status_code != 200:
            continue
        tried_on.append(name)
        with afterwards_as_before():
            Session.objects.all().delete()
            asked = send(sit, url, {**good(form), typed[-1]: WORDS})
            person = {"login": "superuser@house.test", "password": "quiet harbour 41 lanterns"}
            back = sit.post(asked["Location"], {**person, "next": url})["Location"]
            if WORDS not in sit.get(back).content.decode():
                missing.append(f"{name}: {asked['Location']} → {back}")
    assert missing == []
    assert len(tried_on) > 12, tried_on
