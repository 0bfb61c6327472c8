"""What must be true afterwards, whatever was killed meanwhile."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.db.models import Sum

from audit import clock
from audit.actor import acting_as, system
from audit.models import LogEntry
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from payments.gateways.registry import get_gateway
from payments.ledger.models import Entry, Transfer
from payments.models import Attempt, Capture, LateAuthorization, Payment, Refund
from payments.tasks.resolve import resolve_unknown
from tests.kill.traffic import DONE, REFUSED, SILENT, Told

UNSETTLED = ("pending", "unknown", "voiding", "void_unknown", "returning", "return_unknown")
OPEN = (Message.Status.WAITING, Message.Status.LEASED)


def drain() -> None:
    """What a worker does that comes when every lease of the dead has run out, and the resolver
    when its time has come."""
    for hours in (0.1, 2, 30, 60):
        with clock.at(clock.now() + timedelta(hours=hours)):
            for _ in range(100):
                if deliver_due() == 0:
                    break
            resolve_unknown()
            deliver_due()
        if is_settled():
            return


def is_settled() -> bool:
    rows = (Attempt, Capture, Refund, LateAuthorization)
    unsettled = any(row.objects.filter(status__in=UNSETTLED).exists() for row in rows)
    return not unsettled and not Message.objects.filter(status__in=OPEN).exists()


def assert_all_is_well(told: Iterable[Told], store: Path) -> None:
    """The books, the provider, the people and the record agree."""
    call_command("prove")
    assert is_settled(), "a backlog is left"
    assert not Message.objects.filter(status=Message.Status.DEAD).exists()
    assert_provider_agrees()
    assert_one_key_per_operation(store)
    assert_told_truly(list(told))
    assert_on_record()


def assert_provider_agrees() -> None:
    """Its totals are the ledger's, to the cent, and as many."""
    totals = {(one.kind, one.amount.currency): one for one in get_gateway("sandbox").totals()}
    for kind, code, rows in (
        ("captured", "capture", Capture.objects.filter(status="succeeded")),
        ("refunded", "refund_sent", Refund.objects.filter(status="succeeded")),
    ):
        total = totals.get((kind, "EUR"))
        theirs = (total.count, total.amount.minor) if total else (0, 0)
        booked = Entry.objects.filter(
            transfer__code=code, account__code="provider_clearing", account__is_live=False
        )
        ours = abs(booked.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
        count = Transfer.objects.filter(code=code).count()
        assert theirs == (count, ours), kind
        assert rows.count() == count


def assert_one_key_per_operation(store: Path) -> None:
    """Each row of ours was one operation at the provider, under the key made of its id."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT key, object, object_id FROM operations").fetchall()
    keys = Counter(key for key, _kind, _id in rows)
    assert not [key for key, count in keys.items() if count > 1]
    known: dict[str, set[str]] = {
        "capture": {str(pk) for pk in Capture.objects.values_list("pk", flat=True)},
        "refund": {str(pk) for pk in Refund.objects.values_list("pk", flat=True)},
        "authorization": {str(pk) for pk in Attempt.objects.values_list("pk", flat=True)},
    }
    for kind, ids in known.items():
        theirs = [(key, made) for key, what, made in rows if what == kind]
        assert {key for key, _made in theirs} <= ids, f"a {kind} under a key that is none of ours"
        assert len({made for _key, made in theirs}) == len(theirs)


def assert_told_truly(told: list[Told]) -> None:
    """What was told as done is done once; what was refused is not done; silence is one or none."""
    for model, what in ((Refund, "refunds"), (Capture, "captures")):
        made = Counter(model.objects.values_list("key", flat=True))
        for one in (one for one in told if one.what == what):
            expected = {DONE: (1,), REFUSED: (0,), SILENT: (0, 1)}[one.answer]
            assert made[one.key] in expected, one
        amounts = dict(model.objects.values_list("key", "amount_minor"))
        assert all(amounts[one.key] == one.minor for one in told if one.key in amounts)


def assert_on_record() -> None:
    """One entry for each thing that was asked for, and a log that nobody has touched."""
    for model, event in (
        (Refund, "payments.refund.requested"),
        (Capture, "payments.capture.requested"),
        (Payment, "payments.payment.created"),
    ):
        entries = LogEntry.objects.filter(event=event, outcome="done")
        about = Counter(entries.values_list("object_pk", flat=True))
        missing = [pk for pk in model.objects.values_list("pk", flat=True) if about[str(pk)] != 1]
        assert missing == [], event
    with acting_as(system("test")):
        call_command("verify_audit")
