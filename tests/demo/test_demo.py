"""The demo, played for real: through the commands, the outbox and the provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from audit import clock, keyset
from audit.actor import acting_as, operator
from audit.models import LogEntry
from audit.outbox.models import Message
from config.access.models import User
from config.demo.people import COLLEAGUES
from config.demo.plan import make_plan
from payments.gateways.models import ConnectorAccount, ProviderCall
from payments.ledger.models import Entry
from payments.models import LateAuthorization, Payment, Refund
from payments.parties.models import Customer
from payments.queries.unsettled import list_unsettled
from payments.webhooks.models import Attempt, Delivery
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox

pytestmark = pytest.mark.django_db

PAYMENTS = 150


@pytest.fixture
def provider(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    settings.DEMO = True
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        settings.SANDBOX_URL = sandbox.url
        yield sandbox


def load() -> None:
    call_command("demo", payments=PAYMENTS, months=13, seed=5, verbosity=0)


def counts() -> dict[str, int]:
    models = (
        *(Payment, Refund, LateAuthorization, Customer, User),
        *(Entry, LogEntry, Message, ProviderCall, Delivery, Attempt),
    )
    return {model._meta.label: model.objects.count() for model in models}


def test_the_demo_is_a_house_whose_books_hold_and_a_second_run_changes_nothing(
    provider: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    load()
    before = counts()
    assert before["payments.Payment"] == PAYMENTS
    assert Payment.objects.filter(status="failed").count() == round(PAYMENTS * 0.08) + 2
    assert Payment.objects.filter(status="voided").count() == round(PAYMENTS * 0.02)
    assert not Message.objects.exclude(status="done").exists()
    assert Refund.objects.count() == round(PAYMENTS * 0.04)
    totals = provider.client.get("/v1/totals").json()["totals"]
    for currency in ("EUR", "USD", "JPY"):
        rows = Payment.objects.filter(currency=currency)
        late = LateAuthorization.objects.filter(currency=currency)
        taken = sum(p.captured_minor for p in rows) + sum(one.taken_minor for one in late)
        assert totals[currency]["captured"]["amount"] == taken
        assert totals[currency]["refunded"]["amount"] == sum(p.refunded_minor for p in rows)
    a_newcomer_finds_the_pages_of_webhooks_and_connectors_full()
    a_newcomer_finds_money_that_turned_up_late()
    capsys.readouterr()
    call_command("prove", json=True)
    assert json.loads(capsys.readouterr().out)["holds"] is True
    load()
    assert counts() == before
    call_command("demo", payments=PAYMENTS, months=13, seed=5, if_empty=True)
    assert counts() == before
    with pytest.raises(CommandError, match="another --seed"):
        call_command("demo", payments=PAYMENTS + 10, months=13, seed=5)
    assert counts() == {**before, "audit.LogEntry": before["audit.LogEntry"] + 1}
    nobody_is_named_in_the_log()


def a_newcomer_finds_the_pages_of_webhooks_and_connectors_full() -> None:
    made = Delivery.objects.order_by("endpoint__url")
    assert [(one.endpoint.url.rsplit("/")[-1], one.status) for one in made] == [
        ("broken", "waiting"),
        ("orders", "delivered"),
    ]
    own = ConnectorAccount.objects.get(merchant__isnull=False)
    assert (own.connector, own.is_live, own.state) == ("sandbox", False, "enabled")


def a_newcomer_finds_money_that_turned_up_late() -> None:
    """One authorization was let go by itself, one capture waits for a person to see to it."""
    found = LateAuthorization.objects.order_by("status")
    assert [(one.status, one.failure_code) for one in found] == [
        ("taken", "account_closed"),
        ("voided", ""),
    ]
    stuck = found[0]
    assert (stuck.taken_minor, stuck.ask_at, stuck.return_tries) == (stuck.amount_minor, None, 1)
    assert all(one.created_at - one.attempt.created_at < timedelta(hours=2) for one in found)
    rows = list_unsettled(operator("demo"), keyset.Place(), is_live=False, for_person=True).rows
    assert [one.row.pk for one in rows] == [stuck.pk]


def nobody_is_named_in_the_log() -> None:
    """Every word of every row, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_logentry")
        text = "\n".join(str(row) for row in cursor.fetchall())
    assert len(text) > 100_000
    plan = make_plan(payments=PAYMENTS, months=13, seed=5, until=clock.now())
    buyers = {sale.buyer for sale in plan}
    assert len(buyers) > 20
    for buyer in buyers:
        for said in (buyer.name, buyer.email, buyer.phone, *buyer.address.split("\n")):
            assert said not in text
    for one in COLLEAGUES:
        assert one.email not in text
        assert one.name not in text
    assert "@" not in text


def test_without_the_provider_the_demo_says_what_is_missing(settings: Settings) -> None:
    settings.DEMO = True
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with acting_as(operator("demo")), pytest.raises(CommandError, match="provider"):
        call_command("demo", payments=2)


def test_the_demo_is_not_for_production(settings: Settings) -> None:
    settings.DEMO = False
    with acting_as(operator("demo")), pytest.raises(CommandError, match="production"):
        call_command("demo")


def test_the_accounts_are_told_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", accounts=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(COLLEAGUES)
    assert "support agent" in lines[0]
    assert "agent@demo.test" in lines[0]
