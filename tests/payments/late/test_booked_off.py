"""What was taken late and cannot be given back: tried once more, or booked off by two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from audit import clock, guard
from audit.actor import Actor, acting_as
from audit.errors import Refusal
from audit.models import LogEntry
from config.access.models import User
from config.access.roles import ROLES
from payments.commands.corrections import approve_correction, reject_correction
from payments.ledger.chart import AccountCode
from payments.ledger.models import Transfer
from payments.models import Correction, LateAuthorization, Payment
from payments.policy import correction_decision
from payments.proofs import payments_off
from payments.queries.payments import get_story
from payments.queries.statement import make_statement, select_booked
from payments.tasks.resolve import resolve_unknown
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import new_key
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import (
    AMOUNT,
    Scene,
    books_of,
    decide,
    refused_scene,
    taken_scene,
    tell,
)
from tests.payments.pages import words_of
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

Status = LateAuthorization.Status


def booked_off_scene(provider: Sandbox, finance: Actor, lead: Actor) -> Scene:
    scene = refused_scene(provider)
    with acting_as(finance):
        asked = decide(scene, "booked_off")
    with acting_as(lead):
        approve_correction(subject_id=asked.pk, key=new_key())
    assert scene.late.status == "booked_off"
    return scene


def events_on(row: LateAuthorization | Correction) -> list[str]:
    entries = LogEntry.objects.filter(object_pk=str(row.pk)).exclude(action=LogEntry.Action.ACCESS)
    return list(entries.order_by("timestamp").values_list("event", flat=True))


def browser_of_actor(actor: Actor) -> Client:
    return browser_of(User.objects.get(pk=actor.user_id or ""))


def standing() -> dict[str, int]:
    """What stands where nobody's money stands, as a credit."""
    codes = (AccountCode.SUSPENSE, AccountCode.UNCLAIMED)
    return {code.value: -books_of(code) for code in codes}


def test_two_people_book_off_what_cannot_be_given_back(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = refused_scene(provider)
    before = Payment.objects.filter(pk=scene.payment.pk).values().get()
    key, seen = new_key(), f"taken {AMOUNT}"
    with acting_as(agent):
        asked, again = (decide(scene, "booked_off", key=key, seen_status=seen) for _ in range(2))
    assert (asked.status, asked.pk) == ("awaiting_approval", again.pk)
    assert standing() == {"suspense": AMOUNT, "unclaimed": 0}
    with acting_as(agent), pytest.raises(Refusal, match="approval_refused"):
        approve_correction(subject_id=asked.pk, key=new_key())
    with acting_as(lead):
        for _ in range(2):
            approve_correction(subject_id=asked.pk, key=new_key())
    late = scene.late
    assert (late.status, late.taken_minor, late.settled_at is None) == ("booked_off", AMOUNT, False)
    assert standing() == {"suspense": 0, "unclaimed": AMOUNT}
    assert Transfer.objects.filter(code="late_unclaimed").count() == 1
    assert events_on(late)[-1] == "payments.late.booked_off"
    assert events_on(asked)[-1] == "payments.late.decided"
    assert Payment.objects.filter(pk=scene.payment.pk).values().get() == before
    story = get_story(scene.payment.pk)
    statement = make_statement(story, list(select_booked(story)))
    assert statement.is_balanced
    assert statement.with_provider.minor == AMOUNT
    with clock.at(clock.now() + timedelta(days=3)):
        resolve_unknown()
        deliver()
    for event in scene.events():
        assert tell(event).status == "processed"
    assert (scene.late.status, standing()) == ("booked_off", {"suspense": 0, "unclaimed": AMOUNT})


def test_no_limit_lets_one_person_book_it_off(provider: Sandbox, agent: Actor, lead: Actor) -> None:
    scene = refused_scene(provider)
    both = as_actor(hire("Ida Berg", "finance_controller", "support_lead"))
    with acting_as(both):
        asked = decide(scene, "booked_off")
        assert asked.status == "awaiting_approval"
        with pytest.raises(Refusal, match="approval_refused"):
            approve_correction(subject_id=asked.pk, key=new_key())
    with acting_as(agent), pytest.raises(Refusal, match="approval_refused"):
        approve_correction(subject_id=asked.pk, key=new_key())
    with acting_as(lead):
        reject_correction(subject_id=asked.pk)
    assert (scene.late.status, standing()["suspense"]) == ("taken", AMOUNT)


@pytest.mark.parametrize("role", ROLES)
def test_only_finance_books_off(role: str) -> None:
    late = LateAuthorization(status="taken", taken_minor=AMOUNT, currency="EUR", return_tries=1)
    actor = as_actor(hire("Iris Holm", role))
    decision = correction_decision(actor, late, "booked_off", "", None, clock.now())
    assert decision.allowed == (role == "finance_controller")
    assert decision.needs_second_person == decision.allowed


STUCK = {"return_tries": 1, "ask_at": None}
MAY_END: dict[str, tuple[dict[str, object], str]] = {
    "taken and refused": ({**STUCK, "status": "taken"}, ""),
    "taken and waiting": (
        {**STUCK, "status": "taken", "ask_at": clock.now()},
        "It goes back by itself: wait for what the provider says.",
    ),
    "taken and never asked for": (
        {**STUCK, "status": "taken", "return_tries": 0},
        "Nobody has had it given back yet: try that first.",
    ),
    "still held": ({**STUCK, "status": "held"}, "It cannot be set to this state."),
    **{
        status.value: (
            {**STUCK, "status": status},
            "Nothing is open: the provider has told how everything ended.",
        )
        for status in Status
        if status not in ("taken", "held")
    },
}


@pytest.mark.parametrize("how", MAY_END)
def test_only_what_is_stuck_is_booked_off(how: str) -> None:
    facts, why_not = MAY_END[how]
    late = LateAuthorization(taken_minor=AMOUNT, currency="EUR", **facts)
    actor = as_actor(hire("Anna Bell", "finance_controller"))
    with translation.override("en"):
        decision = correction_decision(actor, late, "booked_off", "", None, clock.now())
        assert decision.allowed == (not why_not)
        assert why_not in ("", str(decision.reason))


def test_it_is_tried_once_more_under_another_key(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = refused_scene(provider)
    with acting_as(lead):
        assert decide(scene, "returning").status == "done"
    deliver()
    late = scene.late
    assert (late.status, late.return_tries, late.failure_code) == ("given_back", 2, "")
    assert scene.at_provider()["refunded_amount"] == AMOUNT
    assert standing() == {"suspense": 0, "unclaimed": 0}
    with acting_as(agent), pytest.raises(Refusal) as refused:
        decide(scene, "booked_off", seen_status=f"taken {AMOUNT}")
    assert refused.value.code == "stale"


MOVED = {"all of it": (AMOUNT, "given_back"), "a part of it": (4_000, "taken")}


@pytest.mark.parametrize("how", MOVED)
def test_what_moves_at_the_provider_afterwards_is_put_back_and_followed(
    provider: Sandbox, agent: Actor, lead: Actor, how: str
) -> None:
    minor, end = MOVED[how]
    scene = booked_off_scene(provider, agent, lead)
    provider.made(f"/v1/authorizations/{scene.reference}/refunds", {"amount": minor})
    scene.tell_all()
    for event in scene.events():
        tell(event)
    late, left = scene.late, AMOUNT - minor
    assert (late.status, late.taken_minor, late.ask_at) == (end, left, None)
    assert standing() == {"suspense": left, "unclaimed": 0}
    assert Transfer.objects.filter(code="late_reclaimed").count() == 1
    if left:
        assert events_on(late)[-1] == "payments.late.reclaimed"
        with acting_as(agent):
            again = decide(scene, "booked_off")
        with acting_as(lead):
            approve_correction(subject_id=again.pk, key=new_key())
        assert standing() == {"suspense": 0, "unclaimed": left}


def test_second_person_approves_the_amount_that_was_asked_for(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = refused_scene(provider)
    with acting_as(agent):
        asked = decide(scene, "booked_off")
    provider.made(f"/v1/authorizations/{scene.reference}/refunds", {"amount": 4_000})
    scene.tell_all()
    assert (scene.late.status, scene.late.taken_minor) == ("taken", 6_000)
    with acting_as(lead), pytest.raises(Refusal, match="amount_differs"):
        approve_correction(subject_id=asked.pk, key=new_key())
    with acting_as(lead), pytest.raises(Refusal) as stale:
        decide(scene, "returning", seen_status=f"taken {AMOUNT}")
    assert stale.value.code == "stale"
    assert standing() == {"suspense": 6_000, "unclaimed": 0}


def test_while_it_waits_for_the_second_person_nothing_else_is_decided(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = refused_scene(provider)
    with acting_as(agent):
        decide(scene, "booked_off")
    with acting_as(lead), pytest.raises(Refusal) as refused:
        decide(scene, "returning")
    assert refused.value.code == "correction_waits"


def test_proof_names_what_is_booked_off_on_one_side_only(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = booked_off_scene(provider, agent, lead)
    rows = LateAuthorization.objects.filter(pk=scene.late.pk)
    with guard.suspended():
        rows.update(status="taken")
        assert [one.split(": ")[1] for one in payments_off()] == [
            f"late {scene.late.pk} is booked off at {AMOUNT}, 0 is due"
        ]
        rows.update(status="booked_off")


def test_page_offers_it_to_finance_and_says_why_to_others(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = refused_scene(provider)
    both = as_actor(hire("Ida Berg", "finance_controller", "support_lead"))
    form = f"/payments/{scene.payment.pk}/corrections/new/?row={scene.late.pk}"
    with translation.override("en"):
        offered = words_of(browser_of_actor(agent).get(form))
        assert "book it off as unclaimed money" in offered
        assert "try once more to give it back" in offered
        assert "Why it failed not_now" in offered
        assert "To book it off, always." in words_of(browser_of_actor(both).get(form))
        other = words_of(browser_of_actor(lead).get(form))
        assert "book it off as unclaimed money" not in other
        assert "To book it off, always." not in other
        assert "Your role does not book money off the suspense account." in other
        with acting_as(agent):
            asked = decide(scene, "booked_off")
        with acting_as(lead):
            approve_correction(subject_id=asked.pk, key=new_key())
        told = words_of(browser_of_actor(lead).get(f"/payments/{scene.payment.pk}/"))
        assert "It was booked off as unclaimed money." in told
        assert "Booked off what could not be given back" in told
        assert "Unclaimed money" in told


def test_what_still_goes_back_by_itself_is_not_offered_to_be_booked_off(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = taken_scene(provider)
    form = f"/payments/{scene.payment.pk}/corrections/new/?row={scene.late.pk}"
    with translation.override("en"):
        words = words_of(browser_of_actor(agent).get(form))
    assert "give it back" in words
    assert "unclaimed money" not in words
    with acting_as(agent), pytest.raises(Refusal) as refused:
        decide(scene, "booked_off")
    assert refused.value.code == "correction_refused"
