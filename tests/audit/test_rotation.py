"""A new key: everything comes under it, whatever happens meanwhile, and the old one may go."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from audit import files, guard, rotation, verifying
from audit.actor import acting_as, system
from audit.command import command
from audit.encryption import seal_secret, unseal_secret
from audit.idempotency.models import Record
from audit.jobs.models import Job
from audit.models import LogEntry, SealKey
from audit.rotation import put_in_place
from audit.sealing import seal_entries
from audit.work import Work
from config.access.commands import create_person, send_mail_later
from config.access.models import OutgoingMail, User
from config.access.sessions import SessionStore
from config.access.steps import open_mail
from payments.parties.models import Customer
from payments.parties.queries import reveal
from tests.payments.builders import make_customer, make_merchant
from tests.processes import answer_of, fork, kill_at_commit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

ROOT = "root:dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktdGVzdCE="
NEW = f"2027a:{base64.b64encode(b'n' * 32).decode()}"
SEED = "GEZDGNBVGY3TQOJQ"
CUSTOMERS = 16


@command("toys.sealed")
def keep(work: Work, *, person: User, file: str) -> None:
    record = Record(
        owner="api:1",
        digest="0" * 64,
        fingerprint="0" * 64,
        subject_kind="toy",
        subject_id=person.pk,
        request_id="r",
        made_at=work.now,
        in_flight_until=work.now,
    )
    record.answer = seal_secret("told", place=record.place)
    work.add(record)
    work.add(
        Job(
            key="j",
            fingerprint="0" * 64,
            kind="toy",
            asked_by=person,
            asked_at=work.now,
            request_id="r",
            given={},
            file=file,
            file_until=work.now + timedelta(days=1),
        )
    )


class Things:
    """One of everything that the keyring seals, and several customers."""

    def __init__(self) -> None:
        merchant = make_merchant()
        for number in range(CUSTOMERS):
            make_customer(merchant, name=f"Ada {number}")
        person = create_person(email="ada@house.test", roles=[])
        TOTP.activate(person, SEED)
        send_mail_later(kind="toys", message=EmailMessage("hello", "there", to=["a@b.test"]))
        self.session = SessionStore()
        self.session["seen"] = 1
        self.session.create()
        keep(person=person, file=files.store([b"content"], name=files.new_name("toys")).name)

    def open(self) -> None:
        """All of it, anew; raises or differs when one does not open."""
        names = {reveal(one)["name"] for one in Customer.objects.all()}
        assert names == {f"Ada {number}" for number in range(CUSTOMERS)}
        assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == SEED
        assert open_mail(OutgoingMail.objects.get()).subject == "hello"
        assert SessionStore(self.session.session_key)["seen"] == 1
        record = Record.objects.get()
        assert unseal_secret(record.answer, place=record.place) == "told"
        with files.open_sealed(Job.objects.get().file) as content:
            assert content.read() == b"content"


@pytest.fixture
def things(settings: Settings, tmp_path: Path) -> Things:
    settings.COMPTOIR_KEYRING = f"{settings.COMPTOIR_KEYRING},{ROOT}"
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "private")},
        },
    }
    settings.COMPTOIR_SEAL_ANCHOR = str(tmp_path / "seals.jsonl")
    return Things()


@pytest.fixture
def rotated(things: Things, settings: Settings) -> Settings:
    """The new key is in front; nothing is rotated yet."""
    settings.COMPTOIR_KEYRING = f"{NEW},{settings.COMPTOIR_KEYRING}"
    return settings


def rotate(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, stderr=out, **options)
    return out.getvalue()


def texts_under(key_id: str) -> list[str]:
    """Every column of every table that holds a text sealed under this key."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for column in connection.introspection.get_table_description(cursor, table):
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE CAST("{column.name}" AS text) LIKE %s',
                    [f"%v1.{key_id}.%"],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column.name}")
    return found


def test_everything_is_under_the_new_key_and_the_old_one_may_go(
    things: Things, rotated: Settings
) -> None:
    assert len(texts_under("test")) == 5
    told = rotate()
    assert "customers' data keys: 16 of 16, 16 renewed" in told
    assert "second factors: 1 of 1, 1 renewed" in told
    assert "key test may be taken out of the keyring" in told
    rotated.COMPTOIR_KEYRING = f"{NEW},{ROOT}"
    things.open()
    assert texts_under("test") == []
    assert "0 renewed" in rotate()


def test_a_file_comes_under_the_new_key_and_the_old_one_is_gone(
    things: Things, rotated: Settings, tmp_path: Path
) -> None:
    old = Job.objects.get().file
    rotate()
    new = Job.objects.get().file
    assert new != old
    kept = [path for path in (tmp_path / "private").rglob("*") if path.is_file()]
    assert [str(path.relative_to(tmp_path / "private")) for path in kept] == [new]


def test_checking_changes_nothing_and_names_what_is_old(things: Things, rotated: Settings) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="run it again"):
        call_command("rotate_keys", check=True, stdout=out)
    told = out.getvalue()
    assert told.startswith("key test still opens: ")
    assert "16 customers' data keys" in told
    assert "1 files of jobs" in told
    assert len(texts_under("test")) == 5
    rotate()
    assert "may be taken out" in rotate(check=True)


def test_a_key_that_is_also_the_root_is_not_let_go(things: Things, rotated: Settings) -> None:
    rotated.COMPTOIR_KEYRING = rotated.COMPTOIR_KEYRING.replace(f",{ROOT}", "")
    told = rotate()
    assert "key test is also the root: give it a second line named root" in told
    assert "may be taken out of the keyring" not in told


def test_each_batch_is_one_entry_by_the_operator_and_says_nothing_secret(
    things: Things, rotated: Settings
) -> None:
    rotate(batch=5)
    entries = LogEntry.objects.filter(event="audit.keys.rotated", object_pk="")
    assert {entry.actor_kind for entry in entries} == {"operator"}
    told = [entry.additional_data for entry in entries]
    rows = [one["rows"] for one in told if one["what"] == "customers' data keys"]
    assert rows == [5, 5, 5, 1]
    assert all(set(one) == {"what", "rows", "key"} for one in told)
    text = json.dumps([[entry.changes, entry.additional_data] for entry in entries])
    assert "v1." not in text


def test_a_row_that_changed_meanwhile_is_left_alone(things: Things, rotated: Settings) -> None:
    key = things.session.session_key
    row = Session.objects.get(pk=key)
    renewed = {str(key): ("what was there before", "what it would be now")}
    assert put_in_place(name="sessions", renewed=renewed) == []
    assert Session.objects.get(pk=key).session_data == row.session_data
    assert not LogEntry.objects.filter(event="audit.keys.rotated").exists()


def test_what_does_not_open_is_counted_and_the_rest_goes_on(
    things: Things, rotated: Settings
) -> None:
    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_subjectkey SET wrapped = 'v1.lost.AAAAAAAAAAAAAAAA.AAAA'")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("rotate_keys", stdout=out, stderr=out)
    assert "customers' data keys: 16 do not open" in out.getvalue()
    assert "key lost still opens: 16 customers' data keys" in out.getvalue()
    assert texts_under("test") == []


# Seals ------------------------------------------------------------------------------------------


def seal_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.sealing.SETTLED", timedelta(0))
    assert seal_entries() > 0


def test_old_seals_hold_when_their_key_is_gone_and_fall_without_its_endorsement(
    things: Things, rotated: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = rotated.COMPTOIR_KEYRING
    rotated.COMPTOIR_KEYRING = now.partition(",")[2]
    seal_all(monkeypatch)
    rotated.COMPTOIR_KEYRING = f"{NEW},{ROOT}"
    assert not verifying.verify().holds, "nobody knows the key yet"
    rotated.COMPTOIR_KEYRING = now
    rotate()
    rotated.COMPTOIR_KEYRING = f"{NEW},{ROOT}"
    assert verifying.verify().findings == []
    # Two rotations on, the chain of endorsements still leads there.
    newest = f"2028a:{base64.b64encode(b'm' * 32).decode()}"
    rotated.COMPTOIR_KEYRING = f"{newest},{NEW},{ROOT}"
    rotate()
    rotated.COMPTOIR_KEYRING = f"{newest},{ROOT}"
    assert verifying.verify().findings == []
    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_sealkey SET signature = %s WHERE key_id = 'test'", ["0" * 128])
    assert not verifying.verify().holds


def test_keys_are_endorsed_once(things: Things, rotated: Settings) -> None:
    rotate()
    rotate()
    assert [row.key_id for row in SealKey.objects.all()] == ["test"]


# Killed -----------------------------------------------------------------------------------------

POINTS = [(number, when) for number in (1, 2, 3) for when in ("before", "inside", "after")] + [
    (5, "after")
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_killed_at_ten_points_it_goes_on_and_the_old_key_may_go(
    things: Things, rotated: Settings
) -> None:
    assert len(POINTS) == 10

    def run(number: int, when: str) -> None:
        kill_at_commit(number, when)
        rotate(batch=1)

    for point in POINTS:
        code, _said = answer_of(fork(lambda point=point: run(*point)))  # type: ignore[misc]
        assert code == -9, f"{point}: it came to its end"
        things.open()
    with acting_as(system("test")):
        assert "may be taken out" in rotate()
    rotated.COMPTOIR_KEYRING = f"{NEW},{ROOT}"
    things.open()
    assert texts_under("test") == []


def test_everything_that_can_be_sealed_is_known_to_the_rotation() -> None:
    assert {"sessions", "mail", "second factors", "customers' data keys"} <= set(rotation.registry)
