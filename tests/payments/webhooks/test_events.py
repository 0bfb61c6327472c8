"""Every change that is told is told once, in order, with the change itself."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from audit.errors import Refusal
from audit.models import LogEntry, Outcome
from audit.work import Change
from config.reading import READING
from payments.api.telling import ORDER, SILENT, TOLD
from payments.commands.captures import capture_payment, record_capture_result
from payments.commands.payments import create_payment, record_authorization_lost
from payments.models import Attempt, Capture, Payment, Refund
from payments.parties.commands import update_customer
from payments.parties.models import Customer
from payments.states import Event as Move
from payments.webhooks import registry
from payments.webhooks.models import Event
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    authorized_payment,
    captured_payment,
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
    new_payment,
    operation_answer,
    requested_refund,
)
from tests.payments.test_lifecycles import Life

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def types_of(object_id: Any) -> list[str]:
    rows = Event.objects.filter(object_id=object_id).order_by("version")
    return list(rows.values_list("type", flat=True))


def is_effect(model: Any, entry: LogEntry) -> bool:
    """Whether an entry is of something that happened: a row made, a status moved."""
    telling = registry.told.get((model, entry.event))
    if telling is None:
        return False
    return entry.action == LogEntry.Action.CREATE or telling.by <= set(entry.changes or ())


def assert_told() -> None:
    """The log and the events say the same: each effect is one event, each version one higher."""
    effects: Counter[tuple[Any, str]] = Counter()
    for entry in LogEntry.objects.filter(outcome=Outcome.DONE).select_related("content_type"):
        model = entry.content_type.model_class() if entry.content_type else None
        if model is not None and is_effect(model, entry):
            row = model._default_manager.get(pk=entry.object_pk)
            about = row.pk if isinstance(row, Refund | Customer) else row.payment_id
            effects[about, entry.event] += 1
    told: Counter[Any] = Counter()
    versions: dict[Any, list[int]] = defaultdict(list)
    for event in Event.objects.order_by("object_id", "version"):
        told[event.object_id] += 1
        versions[event.object_id].append(event.version)
    expected: Counter[Any] = Counter()
    for (about, _event), count in effects.items():
        expected[about] += count
    assert told == expected
    for object_id, found in versions.items():
        assert found == list(range(1, len(found) + 1))
        model = next(
            one for one in (Payment, Refund, Customer) if one.objects.filter(pk=object_id).exists()
        )
        assert model.objects.get(pk=object_id).version == len(found)


def test_every_event_of_the_log_is_told_or_silent() -> None:
    """A new command, or a new event, has to say whether shops hear of it."""
    told = {event for events in TOLD.values() for event in events}
    known = {
        event
        for event in {*READING.events, *(one.value for one in Move)}
        if event.startswith(("payments.", "parties."))
    }
    assert known - told - SILENT == set()
    assert (told | SILENT) - known == set(), "there is no such event any more"
    assert told & SILENT == set()


def test_every_type_is_offered_once() -> None:
    named = {one for events in TOLD.values() for one in events.values() if isinstance(one, str)}
    assert named <= set(ORDER)
    assert len(set(ORDER)) == len(ORDER)
    assert registry.offered() == list(ORDER)


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        ("authorized", "payment.authorized"),
        ("declined", "payment.declined"),
        ("requires_action", "payment.requires_action"),
    ],
)
def test_what_the_provider_said_is_told(status: str, type_: str) -> None:
    payment = new_payment(eur(1_000))
    assert types_of(payment.pk) == []
    answer_attempt(payment, status)
    assert types_of(payment.pk) == [type_]
    assert_told()


def test_part_of_what_was_asked_for_has_a_name_of_its_own() -> None:
    payment = new_payment(eur(1_000))
    answer_attempt(payment, "partially_authorized", approved=eur(400))
    assert types_of(payment.pk) == ["payment.partially_authorized"]


def test_what_nobody_knows_is_told_as_processing_and_later_as_what_it_was() -> None:
    payment = new_payment(eur(1_000))
    attempt = Attempt.objects.get(payment=payment)
    record_authorization_lost(attempt_id=attempt.pk)
    record_authorization_lost(attempt_id=attempt.pk)
    assert types_of(payment.pk) == ["payment.processing"]
    answer_attempt(payment)
    assert types_of(payment.pk) == ["payment.processing", "payment.authorized"]


def test_an_answer_that_settles_nothing_tells_nothing() -> None:
    """The provider says: still pending. It is noted under the name of the command."""
    payment = authorized_payment(eur(1_000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(1_000), key=new_key())
    answer = operation_answer(capture, "pending")
    record_capture_result(capture_id=capture.pk, answer=answer, key=new_key())
    assert LogEntry.objects.filter(event="payments.capture.succeeded").exists()
    assert types_of(payment.pk) == ["payment.authorized"]


def test_a_repeat_tells_nothing_anew() -> None:
    payment = authorized_payment(eur(1_000))
    key = new_key()
    capture = capture_payment(payment_id=payment.pk, amount=eur(1_000), key=key)
    capture_payment(payment_id=payment.pk, amount=eur(1_000), key=key)
    for _ in range(3):
        record_capture_result(
            capture_id=capture.pk, answer=operation_answer(capture), key=new_key()
        )
    assert types_of(payment.pk) == ["payment.authorized", "payment.captured"]
    assert_told()


def test_a_refund_has_events_and_versions_of_its_own() -> None:
    payment = captured_payment(eur(1_000))
    refund = requested_refund(payment, eur(300))
    answer_refund(refund)
    answer_refund(Refund.objects.get(pk=refund.pk), "failed")
    assert types_of(refund.pk) == ["refund.requested", "refund.succeeded", "refund.returned"]
    assert types_of(payment.pk) == ["payment.authorized", "payment.captured"]
    assert_told()


@pytest.mark.parametrize("to", ["succeeded", "voided"])
def test_a_correction_is_told_as_what_became_of_it(to: str) -> None:
    payment = captured_payment(eur(1_000))
    row = Capture.objects.get(payment=payment)
    change = Change("payments.capture.corrected", row, {"status"}, {"status": "void_unknown"})
    row.status = to
    wanted = {"succeeded": "payment.capture_void_failed", "voided": "payment.capture_voided"}
    type_of = registry.told[Capture, "payments.capture.corrected"].type_of
    assert not isinstance(type_of, str)
    assert type_of(change) == wanted[to]


def test_a_customer_is_told_of_without_what_changed() -> None:
    customer = make_customer(make_merchant())
    update_customer(customer_id=customer.pk, email="new.address@example.test")
    update_customer(customer_id=customer.pk, email="new.address@example.test")
    assert types_of(customer.pk) == ["customer.created", "customer.updated"]
    (shown,) = registry.present([("customer", customer.pk)]).values()
    assert "new.address" not in str(shown.data)
    assert_told()


def test_what_is_rolled_back_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = new_payment(eur(1_000))

    def fail(*_: Any) -> Any:
        raise DatabaseError("the flush fails")

    with monkeypatch.context() as patch:
        patch.setattr("audit.flush.statements.send_last", fail)
        with pytest.raises(DatabaseError):
            answer_attempt(payment)
    assert types_of(payment.pk) == []


def test_telling_costs_a_statement_and_no_look() -> None:
    merchant = make_merchant()
    card = make_card(merchant, make_customer(merchant))
    payment = create_payment(
        merchant_id=merchant.pk,
        customer_id=None,
        card_id=card.pk,
        amount=eur(1_000),
        key=new_key(),
        capture_method=Payment.CaptureMethod.MANUAL,
    )
    with CaptureQueriesContext(connection) as told:
        answer_attempt(payment)
    about = [one["sql"] for one in told if "webhooks_" in one["sql"]]
    assert len(about) == 1
    assert about[0].startswith('INSERT INTO "webhooks_event"')


def test_events_say_whose_and_in_which_mode() -> None:
    payment = authorized_payment(eur(1_000))
    event = Event.objects.get(object_id=payment.pk)
    assert (event.merchant_id, event.is_live, event.object_kind) == (
        payment.merchant_id,
        payment.is_live,
        "payment",
    )


@pytest.mark.parametrize("seed", range(8))
def test_any_life_of_a_payment_is_told_once_and_in_order(seed: int) -> None:
    life = Life(seed)
    for _ in range(40):
        life.step()
    assert_told()
    moments = Event.objects.filter(object_id=life.payment.pk).order_by("version")
    at = list(moments.values_list("created_at", flat=True))
    assert all(before <= after for before, after in pairwise(at))


@pytest.mark.parametrize("seed", range(3))
def test_lives_that_are_mixed_are_told_each_for_itself(seed: int) -> None:
    dice = random.Random(seed)
    lives = [Life(seed * 100 + number) for number in range(4)]
    for _ in range(80):
        dice.choice(lives).step()
    assert_told()


def test_every_model_that_is_told_has_a_version() -> None:
    make_reason()
    for label in ("payments.Payment", "payments.Refund", "parties.Customer"):
        assert apps.get_model(label)._meta.get_field("version")


def test_a_refused_command_tells_nothing() -> None:
    payment = captured_payment(eur(1_000))
    before = Event.objects.count()
    with pytest.raises(Refusal):
        capture_payment(payment_id=payment.pk, amount=eur(5_000), key=new_key())
    assert Event.objects.count() == before
    assert Capture.objects.filter(payment=payment).count() == 1
