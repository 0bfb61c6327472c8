"""How long a session lives, what rests in it, and how it is ended from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import clock
from config.access.sessions import SessionStore
from tests.access.conftest import BROWSER, Hire, SignIn, entries, everything_on_record, only

HERE = "/t/somebody/"


def at(**later: float) -> Any:
    return clock.at(datetime.now(UTC) + timedelta(**later))


def is_in(browser: Client) -> bool:
    return browser.get(HERE).status_code == 200


def test_session_left_alone_is_over_after_fifteen_minutes(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    with at(minutes=14):
        assert is_in(browser)
    with at(minutes=28):
        assert is_in(browser)
    with at(minutes=44):
        assert not is_in(browser)
    assert not is_in(browser)


def test_session_in_use_is_over_after_twelve_hours(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    for minutes in range(0, 12 * 60, 10):
        with at(minutes=minutes):
            assert is_in(browser), minutes
    with at(hours=12, minutes=1):
        assert not is_in(browser)


def test_part_that_asks_by_itself_keeps_no_session_alive(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    with at(minutes=10):
        browser.get(HERE, headers={"comptoir-poll": "1"})
    with at(minutes=16):
        assert not is_in(browser)


def test_use_is_noted_once_a_minute_and_not_at_every_request(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    with CaptureQueriesContext(connection) as queries:
        browser.get(HERE)
    assert not _session_writes(queries)
    with CaptureQueriesContext(connection) as queries, at(minutes=2):
        browser.get(HERE)
    assert _session_writes(queries)


def _session_writes(queries: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in queries if one["sql"].startswith('UPDATE "django_session"')]


def test_session_rests_sealed(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    sign_in(ada)
    row = Session.objects.get()
    assert str(ada.pk) not in row.session_data
    assert SessionStore(row.session_key).load()["_auth_user_id"] == str(ada.pk)
    assert SessionStore().decode("forged") == {}


def test_session_of_another_device_is_revoked_and_on_record(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    here, elsewhere = sign_in(ada), sign_in(ada)
    assert len(here.get("/accounts/sessions/").context["sessions"]) == 2
    here.post("/accounts/sessions/")
    assert is_in(here)
    assert not is_in(elsewhere)
    entry = only("access.session_revoked")
    assert (entry.actor_kind, entry.actor_id, entry.object_pk) == ("user", ada.pk, str(ada.pk))
    assert UserSession.objects.count() == 1
    assert BROWSER not in everything_on_record()


class ConflictError(OperationalError):
    sqlstate = "40001"


@pytest.mark.parametrize("failures", [1, 3])
def test_save_survives_another_request_at_the_same_row(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    left = [failures]
    original = Session.save

    def save(self: Session, *, force_update: bool = False, **how: Any) -> None:
        if force_update and left[0]:
            left[0] -= 1
            raise ConflictError("restart transaction")
        original(self, force_update=force_update, **how)

    store = SessionStore()
    store["a"] = 1
    store.create()
    monkeypatch.setattr(Session, "save", save)
    store["a"] = 2
    store.save()
    assert SessionStore(store.session_key)["a"] == 2
    assert left == [0]


def test_what_is_changed_goes_in_one_statement(transactional_db: None) -> None:
    store = SessionStore()
    store.create()
    store["a"] = 1
    with CaptureQueriesContext(connection) as queries:
        store.save()
    assert [one["sql"].split()[0] for one in queries] == ["UPDATE"]
    assert SessionStore(store.session_key)["a"] == 1


def test_save_of_a_session_that_is_gone_is_still_refused(transactional_db: None) -> None:
    store = SessionStore()
    store.create()
    store.delete()
    store["a"] = 1
    with pytest.raises(UpdateError):
        store.save()


def test_part_that_asks_by_itself_leads_nowhere_when_the_session_is_over() -> None:
    answer = Client().get(HERE, headers={"hx-request": "true", "comptoir-poll": "1"})
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer


def test_staying_begins_the_idle_time_anew(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    told = {"accept": "application/json"}
    with at(minutes=14):
        assert browser.post("/session/stay/", headers=told).json()["idle_s"] == 15 * 60
    with at(minutes=28):
        assert is_in(browser)
    assert browser.get("/session/stay/").status_code == 405


def test_staying_does_not_outlast_the_longest_session(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    for minutes in range(0, 12 * 60, 10):
        with at(minutes=minutes):
            browser.post("/session/stay/")
    with at(hours=12, minutes=1):
        assert browser.post("/session/stay/", headers={"accept": "a/b"}).status_code == 401


def test_one_device_is_signed_out_by_itself(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    here, lost, other = sign_in(ada), sign_in(ada), sign_in(ada)
    row = UserSession.objects.get(session_key=lost.session.session_key)
    assert here.post(f"/accounts/sessions/{row.pk}/end/")["Location"] == "/accounts/sessions/"
    assert (is_in(here), is_in(lost), is_in(other)) == (True, False, True)
    assert only("access.session_revoked").actor_id == ada.pk


def test_device_of_another_person_is_not_there(hire: Hire, sign_in: SignIn) -> None:
    ada, eve = sign_in(hire("ada")), sign_in(hire("eve"))
    row = UserSession.objects.get(session_key=eve.session.session_key)
    assert ada.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404
    assert is_in(eve)
    assert entries("access.session_revoked") == []


def test_device_in_front_is_not_signed_out_by_this_button(hire: Hire, sign_in: SignIn) -> None:
    ada = sign_in(hire("ada"))
    row = UserSession.objects.get()
    assert ada.post(f"/accounts/sessions/{row.pk}/end/").status_code == 302
    assert is_in(ada)
