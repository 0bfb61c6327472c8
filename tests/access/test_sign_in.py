"""Coming in, going out, and being kept out."""

from __future__ import annotations

from django.test import Client

from audit.encryption import keyed_digest
from config.access.models import User
from tests.access.conftest import PASSWORD, Hire, SignIn, entries, everything_on_record, only


def test_sign_in_is_on_record_as_the_person(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada", "support_agent")
    browser = sign_in(ada)
    entry = only("access.signed_in")
    assert (entry.actor_kind, entry.actor_id) == ("user", ada.pk)
    assert entry.object_pk == str(ada.pk)
    assert entry.actor_roles == ["support_agent"]
    assert entry.remote_addr == "127.0.0.1"
    assert browser.get("/t/somebody/").status_code == 200


def test_sign_out_is_on_record_and_ends_the_session(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    browser.post("/accounts/logout/")
    assert only("access.signed_out").actor_id == ada.pk
    assert browser.get("/t/somebody/").status_code == 302


def test_wrong_password_is_on_record_as_a_visitor_without_what_was_typed(hire: Hire) -> None:
    ada = hire("ada")
    answer = Client().post("/accounts/login/", {"login": ada.email, "password": "mistaken word"})
    assert answer.status_code == 200
    entry = only("access.sign_in_failed")
    assert (entry.actor_kind, entry.actor_id, entry.outcome) == ("visitor", None, "failed")
    assert entry.object_pk == str(ada.pk)
    assert entry.additional_data == {"typed": keyed_digest(ada.email)}
    assert "mistaken word" not in everything_on_record()


def test_password_typed_into_the_address_box_is_not_on_record(hire: Hire) -> None:
    typed = "my.secret@word.test"
    Client().post("/accounts/login/", {"login": typed, "password": "whatever it was"})
    entry = only("access.sign_in_failed")
    assert entry.object_pk == ""
    assert typed not in everything_on_record()


def test_sixth_wrong_password_is_denied_even_when_the_next_is_right(hire: Hire) -> None:
    ada = hire("ada")
    browser = Client()
    for _ in range(5):
        browser.post("/accounts/login/", {"login": ada.email, "password": "mistaken word"})
    answer = browser.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert b"Too many failed" in answer.content
    outcomes = [entry.outcome for entry in entries("access.sign_in_failed")]
    assert outcomes == ["failed"] * 5 + ["denied"]
    assert entries("access.signed_in") == []


def test_person_who_was_deactivated_is_out_at_the_next_request(
    hire: Hire, sign_in: SignIn, somebody: object
) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    ada.is_active = False
    ada.save()
    assert browser.get("/t/somebody/").status_code == 302
    Client().post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    assert len(entries("access.signed_in")) == 1


def test_nobody_signs_up(db: None) -> None:
    form = {"email": "new@house.test", "password1": PASSWORD, "password2": PASSWORD}
    answer = Client().post("/accounts/signup/", form)
    assert answer.status_code == 200
    assert not User.objects.filter(email="new@house.test").exists()


def test_address_is_known_in_any_case(hire: Hire) -> None:
    hire("ada")
    form = {"login": "ADA@House.Test", "password": PASSWORD, "next": "/t/somebody/"}
    assert Client().post("/accounts/login/", form)["Location"] == "/t/somebody/"


def test_log_holds_no_address_name_browser_or_password(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada", "auditor")
    sign_in(ada).post("/accounts/logout/")
    text = everything_on_record()
    for secret in (ada.email, "Ada", PASSWORD, ada.password, "Mozilla"):
        assert secret not in text
