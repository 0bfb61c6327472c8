"""A new password by mail, by oneself, and the record of both."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.db import DatabaseError
from django.test import Client

from audit.models import LogEntry
from audit.outbox.models import Message
from config.access.models import OutgoingMail
from tests.access.conftest import (
    PASSWORD,
    Hire,
    SignIn,
    everything_on_record,
    only,
)
from tests.audit import faults
from tests.working import deliver

NEW = "seven copper kettles 9"


def ask_for_reset(address: str) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": address})
    assert answer.status_code == 302


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(message.body))
    assert found, message.body
    return found.group(1)


def test_password_is_reset_by_mail_from_asking_to_signing_in(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada", "auditor")
    ask_for_reset(ada.email)
    assert mail.outbox == []
    deliver()
    [message] = mail.outbox
    assert message.to == [ada.email]
    browser = Client()
    page = browser.get(link_in(message), follow=True)
    done = browser.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert done.status_code == 302
    entry = only("access.password_reset")
    assert (entry.actor_kind, entry.object_pk) == ("visitor", str(ada.pk))
    sign_in(ada, NEW)
    text = everything_on_record()
    assert ada.email not in text
    assert NEW not in text


def test_new_password_shows_in_the_log_only_as_changed(hire: Hire) -> None:
    ada = hire("ada")
    ask_for_reset(ada.email)
    deliver()
    browser = Client()
    page = browser.get(link_in(mail.outbox[0]), follow=True)
    browser.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    changes = [
        entry.changes["password"]
        for entry in LogEntry.objects.filter(event="access.user.changed")
        if "password" in entry.changes
    ]
    assert changes == [["•••", "•••"]]


def test_mail_waits_sealed_and_its_words_are_destroyed_once_sent(hire: Hire) -> None:
    ada = hire("ada")
    ask_for_reset(ada.email)
    waiting = OutgoingMail.objects.get()
    assert ada.email not in waiting.sealed
    assert Message.objects.get().kwargs == {"mail_id": str(waiting.pk)}
    deliver()
    waiting.refresh_from_db()
    assert waiting.sealed == ""
    assert waiting.sent_at is not None
    assert only("access.mail.sent").actor_kind == "system"


def test_mail_delivered_twice_leaves_once(hire: Hire) -> None:
    from config.access.tasks import send_mail

    ask_for_reset(hire("ada").email)
    deliver()
    send_mail(mail_id=str(OutgoingMail.objects.get().pk))
    assert len(mail.outbox) == 1


def test_mail_that_cannot_be_sent_waits_for_its_next_attempt(
    hire: Hire, settings: pytest.FixtureRequest
) -> None:
    settings.EMAIL_BACKEND = "tests.access.broken_mail.Backend"  # type: ignore[attr-defined]
    ask_for_reset(hire("ada").email)
    deliver()
    message = Message.objects.get()
    assert (message.status, message.error) == ("waiting", "mail: SMTPServerDisconnected")
    assert OutgoingMail.objects.get().sealed != ""


def test_reset_for_an_unknown_address_answers_alike_and_writes_to_nobody(db: None) -> None:
    ask_for_reset("nobody@house.test")
    assert not Message.objects.exists()


def test_own_password_is_changed_after_a_fresh_proof(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = browser.post("/accounts/password/change/", form)
    assert answer.status_code == 302, answer.content
    entry = only("access.password_changed")
    assert (entry.actor_kind, entry.actor_id) == ("user", ada.pk)
    sign_in(ada, NEW)


def test_other_sessions_end_with_the_old_password(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    here, elsewhere = sign_in(ada), sign_in(ada)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post("/accounts/password/change/", form)
    assert here.get("/t/somebody/").status_code == 200
    assert elsewhere.get("/t/somebody/").status_code == 302


def test_key_out_of_a_mail_is_never_on_record(hire: Hire) -> None:
    ada = hire("ada")
    ask_for_reset(ada.email)
    deliver()
    link = link_in(mail.outbox[0])
    Client().get(link, follow=True)
    Client().get(link.replace("/reset/key/", "/reset/key/0"), follow=True)
    key = link.rstrip("/").split("/")[-1].split("-", 1)[1]
    assert key not in everything_on_record()


def test_log_that_cannot_be_written_lets_nobody_in(hire: Hire) -> None:
    hire("ada")
    browser = Client()
    broken = [DatabaseError("no such table: audit_logentry") for _ in range(9)]
    with faults.at_statement('INSERT INTO "audit_logentry"', *broken):
        answer = browser.post("/accounts/login/", {"login": "ada@house.test", "password": PASSWORD})
    assert answer.status_code == 503
    assert browser.get("/t/somebody/").status_code == 302
