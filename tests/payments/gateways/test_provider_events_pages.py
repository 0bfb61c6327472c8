"""The events of providers as people see them: to look at, to map, to process anew."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import clock
from audit.actor import Actor, ActorKind
from audit.models import LogEntry
from audit.needs import collect
from audit.outbox.models import Message
from payments.gateways.commands import map_word, receive_event, replay_event, settle_event
from payments.gateways.floods import Flood
from payments.gateways.masking import HIDDEN, show_body
from payments.gateways.models import InboundEvent, Mapping
from payments.gateways.queries import events as event_queries
from tests.payments.pages import MOST_QUERIES, agent_browser, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
EVENTS = "/provider-events/"


@pytest.fixture
def controller() -> Client:
    return agent_browser("Constance Roy", "finance_controller")


def put_aside(name: str = "evt_1", **facts: Any) -> InboundEvent:
    body = facts.pop("body", "{}")
    pk = receive_event(
        connector="sandbox",
        event_id=name,
        type=facts.pop("type", "authorization.levitated"),
        object_kind="authorization",
        object_reference="auth_1",
        authorization_reference="auth_1",
        body=body,
        occurred_at=clock.now(),
    )
    settle_event(event_id=pk, status="quarantined", **{"note": "unknown type", **facts})
    return InboundEvent.objects.get(pk=pk)


def asked(**changes: str) -> dict[str, str]:
    return {
        "connector": "sandbox",
        "type": "authorization.levitated",
        "note": "unknown type",
        "sort": "type",
        "object_kind": "",
        "raw": "authorization.levitated",
        "meaning": "authorization.authorized",
        **changes,
    }


def test_more_put_aside_than_is_counted_is_said(
    controller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_queries, "MOST_LOOKED_AT", 2)
    for number in range(2):
        put_aside(f"evt_{number}")
    counted = re.compile(r'data-label="How many">([^<]+)</td>')
    assert counted.findall(controller.get(EVENTS).content.decode()) == ["2"]
    put_aside("evt_2")
    assert counted.findall(controller.get(EVENTS).content.decode()) == ["2+"]


def test_what_was_put_aside_is_shown_by_kind_with_what_it_could_mean(controller: Client) -> None:
    for number in range(3):
        put_aside(f"evt_{number}")
    put_aside(
        "evt_status",
        type="refund.succeeded",
        note="unmapped status 'odd'",
        unknown_kind="refund",
        unknown_status="odd",
    )
    page = controller.get(EVENTS)
    words = words_of(page)
    assert "authorization.levitated means" in words
    assert "odd means" in words
    assert [kind.count for kind in page.context["kinds"]] == [3, 1]
    assert page.context["kinds"][1].meanings == ["succeeded", "failed", "pending", "voided"]


def test_mapping_a_word_replays_all_that_waited_for_it_and_is_on_record(
    controller: Client,
) -> None:
    for number in range(3):
        put_aside(f"evt_{number}")
    before = Message.objects.filter(task="gateways.process_event").count()
    answer = controller.post(f"{EVENTS}mappings/", asked())
    assert (answer.status_code, answer["Location"]) == (302, EVENTS)
    mapping = Mapping.objects.get()
    assert (mapping.raw, mapping.meaning) == ("authorization.levitated", "authorization.authorized")
    assert mapping.mapped_by is not None
    assert InboundEvent.objects.filter(status="received").count() == 3
    assert Message.objects.filter(task="gateways.process_event").count() == before + 3
    entry = LogEntry.objects.get(event="gateways.mapping.set")
    assert (entry.actor_kind, entry.outcome) == ("user", "done")
    assert "authorization.levitated" in words_of(controller.get(EVENTS))


def test_a_word_said_anew_changes_its_meaning_and_leaves_a_difference() -> None:
    given: dict[str, Any] = {
        "connector": "sandbox",
        "sort": "status",
        "object_kind": "refund",
        "raw": "odd",
    }
    first = map_word(**given, meaning="failed")
    again = map_word(**given, meaning="succeeded")
    assert first.pk == again.pk
    entry = LogEntry.objects.filter(event="gateways.mapping.set").order_by("timestamp").last()
    assert entry.changes["meaning"] == ["failed", "succeeded"]


@pytest.mark.parametrize(
    "changes",
    [
        {"meaning": ""},
        {"meaning": "nothing.like.it"},
        {"meaning": "x" * 5_000},
        {"sort": "colour"},
        {"sort": "status", "meaning": "authorization.authorized"},
        {"raw": ""},
        {"raw": "a\0b"},
        {"raw": "x" * 500},
        {"raw": "refund.failed"},
        {"connector": "nobody"},
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_and_changes_nothing(
    controller: Client, changes: dict[str, str]
) -> None:
    put_aside()
    assert controller.post(f"{EVENTS}mappings/", asked(**changes)).status_code == 400
    assert (Mapping.objects.count(), InboundEvent.objects.get().status) == (0, "quarantined")


def test_one_event_is_replayed_however_it_ended(controller: Client) -> None:
    event = put_aside()
    settle_event(event_id=event.pk, status="processed")
    for _ in range(2):
        answer = controller.post(f"{EVENTS}{event.pk}/replays/")
        assert answer.status_code == 302
    event.refresh_from_db()
    assert event.status == "received"
    assert LogEntry.objects.filter(event="gateways.event.replayed").count() == 1


def test_nothing_of_a_kind_is_a_conflict(controller: Client) -> None:
    data = {"connector": "sandbox", "type": "x", "note": "y"}
    assert controller.post(f"{EVENTS}replays/", data).status_code == 409


def test_events_are_filtered_by_status_and_a_status_that_is_none_shows_all(
    controller: Client,
) -> None:
    put_aside("evt_aside")
    receive_event(
        connector="sandbox",
        event_id="evt_new",
        type="refund.succeeded",
        object_kind="refund",
        object_reference="ref_1",
        authorization_reference="",
        body="{}",
        occurred_at=clock.now(),
    )
    assert len(controller.get(f"{EVENTS}?status=quarantined").context["rows"]) == 1
    assert len(controller.get(f"{EVENTS}?status=<script>").context["rows"]) == 2
    assert controller.get(f"{EVENTS}?after=nonsense").status_code == 200


def test_a_message_is_shown_without_what_names_a_person_or_a_card(controller: Client) -> None:
    body = json.dumps(
        {
            "type": "authorization.levitated",
            "data": {
                "status": "levitating",
                "card": "tok_visa_approved",
                "customer": {"name": "Odile Fontane", "city": "Lyon"},
                "memo": "ask odile.fontane@example.test",
            },
        }
    )
    event = put_aside(body=body)
    shown = words_of(controller.get(f"{EVENTS}{event.pk}/"))
    assert "levitating" in shown
    for hidden in ("Odile", "Lyon", "tok_visa_approved", "odile.fontane@example.test"):
        assert hidden not in shown


@pytest.mark.parametrize("body", ["not JSON", "[" * 5_000, "", "\ufffd", '"odile@example.test"'])
def test_any_message_can_be_shown(body: str) -> None:
    assert "odile@" not in show_body(body)


def test_an_address_in_a_message_that_is_not_json_is_hidden() -> None:
    assert show_body("write to odile@example.test now") == f"write to {HIDDEN} now"


def test_who_only_looks_is_offered_nothing_to_change() -> None:
    auditor = agent_browser("Aude Vial", "auditor")
    event = put_aside()
    assert "Process all anew" not in words_of(auditor.get(EVENTS))
    assert "Process anew" not in words_of(auditor.get(f"{EVENTS}{event.pk}/"))
    assert auditor.post(f"{EVENTS}{event.pk}/replays/").status_code == 403


def test_an_event_that_is_none_is_not_found(controller: Client) -> None:
    assert controller.get(f"{EVENTS}{uuid.uuid4()}/").status_code == 404
    assert controller.post(f"{EVENTS}{uuid.uuid4()}/replays/").status_code == 404


def test_a_full_page_takes_few_statements(controller: Client) -> None:
    for number in range(60):
        put_aside(f"evt_{number}")
    controller.get(EVENTS)
    with CaptureQueriesContext(connection) as queries:
        controller.get(EVENTS)
    assert len(queries) <= MOST_QUERIES


def test_a_flood_is_told_one_by_one_at_first_and_then_by_its_size() -> None:
    flood = Flood()
    told = [count for _ in range(1_500) if (count := flood.count("forged")) is not None]
    assert told == [*range(1, 11), 100, 1_000]
    assert flood.count("another") == 1


def test_a_flood_of_forgeries_does_not_fill_the_record(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.gateways.views.webhook.refused", Flood())
    for _ in range(120):
        answer = client.post(
            "/webhooks/sandbox/", "{}", content_type="application/json", headers={}
        )
        assert answer.status_code == 400
    entries = LogEntry.objects.filter(event="gateways.webhook.refused")
    assert entries.count() == 11
    assert max(int(one.additional_data.get("count", 1)) for one in entries) == 100


def test_what_is_dealt_with_is_said_once_and_leaves_the_pile(controller: Client) -> None:
    event = put_aside(note="refused: held_after_failure")
    page = f"/provider-events/{event.pk}/"
    assert "It is dealt with" in words_of(controller.get(page))
    assert piled() == [event.type]
    for _ in range(2):
        assert controller.post(f"{page}closings/").status_code == 302
    event.refresh_from_db()
    assert (event.status, event.note) == ("ignored", "refused: held_after_failure")
    assert piled() == []
    assert LogEntry.objects.filter(event="gateways.event.closed", outcome="done").count() == 1
    assert "It is dealt with" not in words_of(controller.get(page))


def test_what_is_not_put_aside_cannot_be_dealt_with(controller: Client) -> None:
    event = put_aside()
    replay_event(event_id=event.pk)
    assert controller.post(f"/provider-events/{event.pk}/closings/").status_code == 409
    event.refresh_from_db()
    assert event.status == "received"


def piled() -> list[str]:
    """What waits on the home page of who may decide."""
    may = frozenset({"gateways.view_inboundevent", "gateways.map_event"})
    actor = Actor(ActorKind.SYSTEM, "x", permissions=may)
    found = collect(actor, clock.now(), is_live=False)
    return [row.words for one in found for row in one.rows if one.need.code == "events_aside"]


ASIDE = {
    "dispute": ("charge.dispute.created", "unknown type", "Their events are kept"),
    "payout": ("payout.paid", "unknown type", "What was paid out stands at the provider"),
    "authorization": ("a", "refused: amount_differs", "Compare the payment with the provider"),
    "capture": ("b", "refused: held_after_failure", "Process it anew"),
    "refund": ("c", "about an object that is not ours", "it was made at the provider without us"),
}


@pytest.mark.parametrize("kind", ASIDE)
def test_why_it_was_put_aside_is_said_with_what_to_do(controller: Client, kind: str) -> None:
    told, note, words = ASIDE[kind]
    pk = receive_event(
        connector="stripe",
        event_id="evt_kept",
        type=told,
        object_kind=kind,
        object_reference="x_1",
        authorization_reference="",
        body="{}",
        occurred_at=clock.now(),
    )
    settle_event(event_id=pk, status="quarantined", note=note)
    for path in ("/provider-events/", f"/provider-events/{pk}/"):
        assert words in words_of(controller.get(path))
