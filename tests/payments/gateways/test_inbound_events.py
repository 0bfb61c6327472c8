"""An event once stored: kept once, given to its handler, put aside when nobody knows it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.models import LogEntry
from audit.outbox.handlers import TryAgain
from audit.outbox.models import Message
from payments.gateways import events
from payments.gateways.commands import receive_event, settle_event
from payments.gateways.errors import Unavailable, Unknown, UnmappedStatus
from payments.gateways.models import InboundEvent
from payments.gateways.states import MOVES, check_settling, is_settled
from payments.gateways.tasks.events import process_event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

Status = InboundEvent.Status
OCCURRED_AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


def received(event_id: str = "evt_1", **changes: str) -> uuid.UUID:
    given: dict[str, Any] = {
        "type": "refund.succeeded",
        "object_kind": "refund",
        "object_reference": "ref_1",
        "authorization_reference": "auth_1",
        "body": "{}",
        **changes,
    }
    return receive_event(connector="sandbox", event_id=event_id, occurred_at=OCCURRED_AT, **given)


def event_of(pk: uuid.UUID) -> InboundEvent:
    return InboundEvent.objects.get(pk=pk)


@pytest.fixture
def handlers() -> Iterator[dict[str, events.EventHandler]]:
    """The registry, as it was again afterwards."""
    before = dict(events.event_handlers)
    events.event_handlers.clear()
    yield events.event_handlers
    events.event_handlers.clear()
    events.event_handlers.update(before)


def raising(error: Exception) -> Callable[[InboundEvent], None]:
    def handle(event: InboundEvent) -> None:
        raise error

    return handle


def test_received_event_is_kept_and_asked_to_be_processed() -> None:
    event = event_of(received(body='{"id":"evt_1"}'))
    assert (event.connector, event.event_id, event.status) == ("sandbox", "evt_1", "received")
    assert (event.object_kind, event.object_reference) == ("refund", "ref_1")
    assert event.authorization_reference == "auth_1"
    assert (event.body, event.occurred_at) == ('{"id":"evt_1"}', OCCURRED_AT)
    message = Message.objects.get(task="gateways.process_event")
    assert message.kwargs == {"event_id": str(event.pk)}


def test_repeat_of_an_event_answers_the_same_and_changes_nothing(
    handlers: dict[str, events.EventHandler],
) -> None:
    first = received()
    process_event(event_id=str(first))
    again = received(type="something.else", body="changed")
    assert again == first
    assert InboundEvent.objects.count() == 1
    assert event_of(first).body == "{}"
    assert event_of(first).status == Status.QUARANTINED
    assert Message.objects.filter(task="gateways.process_event").count() == 1


def test_same_event_id_of_another_connector_is_another_event() -> None:
    first = received()
    other = receive_event(
        connector="other",
        event_id="evt_1",
        type="",
        object_kind="",
        object_reference="",
        authorization_reference="",
        body="",
        occurred_at=OCCURRED_AT,
    )
    assert other != first


def test_card_number_in_a_message_is_not_kept() -> None:
    number = "4242" * 4
    event = event_of(received(body=f'{{"note":"{number}"}}'))
    assert number not in event.body


def test_event_is_on_record_without_its_body() -> None:
    pk = received(body='{"secret":"of the body"}')
    settle_event(event_id=pk, status=Status.PROCESSED)
    entries = LogEntry.objects.filter(object_pk=str(pk)).order_by("timestamp", "action")
    assert [entry.event for entry in entries] == [
        "gateways.event.received",
        "gateways.event.processed",
    ]
    assert "of the body" not in str([entry.changes for entry in entries])


def test_registered_handler_gets_its_event_and_it_is_processed(
    handlers: dict[str, events.EventHandler],
) -> None:
    seen: list[str] = []

    @events.handles("refund.succeeded", "refund.failed")
    def handle(event: InboundEvent) -> None:
        seen.append(event.object_reference)

    pk = received()
    process_event(event_id=str(pk))
    process_event(event_id=str(pk))
    assert seen == ["ref_1"]
    assert event_of(pk).status == Status.PROCESSED


def test_unknown_type_is_put_aside_with_a_note(handlers: dict[str, events.EventHandler]) -> None:
    pk = received(type="authorization.levitated")
    process_event(event_id=str(pk))
    assert (event_of(pk).status, event_of(pk).note) == (Status.QUARANTINED, "unknown type")


def test_unreadable_message_is_put_aside(handlers: dict[str, events.EventHandler]) -> None:
    pk = received(type="", body="not JSON")
    process_event(event_id=str(pk))
    assert (event_of(pk).status, event_of(pk).note) == (Status.QUARANTINED, "unreadable")


def test_type_that_needs_nothing_is_ignored(handlers: dict[str, events.EventHandler]) -> None:
    events.ignore("authorization.incremented")
    pk = received(type="authorization.incremented")
    process_event(event_id=str(pk))
    assert event_of(pk).status == Status.IGNORED


def test_put_aside_event_is_processed_once_somebody_knows_its_type(
    handlers: dict[str, events.EventHandler],
) -> None:
    pk = received()
    process_event(event_id=str(pk))
    events.handles("refund.succeeded")(lambda event: None)
    process_event(event_id=str(pk))
    assert (event_of(pk).status, event_of(pk).note) == (Status.PROCESSED, "")


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (UnmappedStatus("refund", "levitating"), "unmapped status 'levitating'"),
        (Refusal("illegal_move", "no", Kind.CONFLICT), "refused: illegal_move"),
    ],
)
def test_event_that_cannot_be_made_use_of_is_put_aside(
    handlers: dict[str, events.EventHandler], error: Exception, note: str
) -> None:
    handlers["refund.succeeded"] = raising(error)
    pk = received()
    process_event(event_id=str(pk))
    assert (event_of(pk).status, event_of(pk).note) == (Status.QUARANTINED, note)


@pytest.mark.parametrize("error", [Unavailable("away"), Unknown("silent"), TryAgain("too early")])
def test_event_that_comes_too_early_or_finds_no_provider_is_tried_again(
    handlers: dict[str, events.EventHandler], error: Exception
) -> None:
    handlers["refund.succeeded"] = raising(error)
    pk = received()
    with pytest.raises(TryAgain):
        process_event(event_id=str(pk))
    assert event_of(pk).status == Status.RECEIVED


def test_second_handler_of_a_type_is_a_mistake(handlers: dict[str, events.EventHandler]) -> None:
    events.handles("refund.succeeded")(raising(Unknown("one")))
    with pytest.raises(ValueError, match="has a handler"):
        events.handles("refund.succeeded")(raising(Unknown("two")))
    with pytest.raises(ValueError, match="has a handler"):
        events.ignore("refund.succeeded")


def test_settling_again_changes_nothing_and_settling_otherwise_is_refused() -> None:
    pk = received()
    settle_event(event_id=pk, status=Status.PROCESSED)
    entries = LogEntry.objects.count()
    settle_event(event_id=pk, status=Status.PROCESSED)
    assert LogEntry.objects.count() == entries
    with pytest.raises(Refusal) as refusal:
        settle_event(event_id=pk, status=Status.QUARANTINED)
    assert (refusal.value.code, refusal.value.kind) == ("illegal_move", Kind.CONFLICT)


def test_settling_what_is_not_there_is_missing() -> None:
    with pytest.raises(Refusal) as refusal:
        settle_event(event_id=uuid.uuid4(), status=Status.PROCESSED)
    assert refusal.value.kind is Kind.MISSING


@pytest.mark.parametrize(("before", "after"), list(product(Status.values, repeat=2)))
def test_every_pair_of_states_is_allowed_or_refused_by_the_table(before: str, after: str) -> None:
    event = InboundEvent(status=before)
    if after in MOVES[before]:
        check_settling(event, after)
    else:
        with pytest.raises(Refusal):
            check_settling(event, after)


def test_only_processed_and_ignored_events_are_settled(somebody: Actor) -> None:
    settled = {status for status in Status.values if is_settled(InboundEvent(status=status))}
    assert settled == {Status.PROCESSED, Status.IGNORED}
