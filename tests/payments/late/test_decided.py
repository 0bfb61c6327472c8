"""What a person decides about money that turned up late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from audit import clock
from audit.actor import Actor, acting_as
from audit.errors import Refusal
from payments.commands.corrections import approve_correction
from payments.commands.payments import retry_payment
from payments.commands.refunds import refund_payment
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.ledger.chart import AccountCode
from payments.ledger.money import Money
from payments.models import Attempt, Capture, LateAuthorization, RefundReason
from payments.queries.payments import get_story
from payments.queries.statement import make_statement, select_booked
from payments.tasks.resolve import resolve_unknown
from payments.webhooks.models import Event
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import (
    answer_attempt,
    authorization_answer,
    eur,
    make_reason,
    new_key,
)
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import (
    AMOUNT,
    MEANWHILE,
    REASON,
    Scene,
    books_of,
    decide,
    taken_scene,
    tell,
)
from tests.payments.pages import words_of
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def test_what_was_taken_is_kept_for_the_payment_by_a_person(provider: Sandbox, lead: Actor) -> None:
    scene = taken_scene(provider)
    key = new_key()
    with acting_as(lead):
        for _ in range(2):
            made = decide(scene, "adopted", key=key, seen_status=f"taken {AMOUNT}")
            assert made.status == "done"
    payment, late = scene.now(), scene.late
    assert (payment.status, payment.captured_minor) == ("captured", AMOUNT)
    assert (late.status, late.taken_minor) == ("adopted", 0)
    attempt, capture = Attempt.objects.get(), Capture.objects.get()
    assert (attempt.status, attempt.provider_reference) == ("authorized", scene.reference)
    assert (capture.status, capture.amount_minor) == ("succeeded", AMOUNT)
    assert books_of(AccountCode.SUSPENSE) == 0
    assert -books_of(AccountCode.MERCHANT_PAYABLE) == AMOUNT + books_of(AccountCode.FEES)
    assert Event.objects.filter(type="payment.captured", object_id=payment.pk).count() == 1
    with clock.at(clock.now() + timedelta(days=3)):
        resolve_unknown()
        deliver()
    for event in scene.events():
        assert tell(event).status == "processed"
    assert scene.now().status == "captured"
    story = get_story(payment.pk)
    assert make_statement(story, list(select_booked(story))).is_balanced


def test_what_was_kept_is_refunded_like_any_other(provider: Sandbox, lead: Actor) -> None:
    scene = taken_scene(provider)
    with acting_as(lead):
        decide(scene, "adopted")
    make_reason()
    refund_payment(
        payment_id=scene.payment.pk,
        amount=eur(2_500),
        reason="requested_by_customer",
        key=new_key(),
    )
    deliver()
    scene.told = 0
    scene.tell_all()
    assert scene.now().status == "partially_refunded"
    assert scene.at_provider()["refunded_amount"] == 2_500


@pytest.mark.parametrize("meanwhile", [one for one in MEANWHILE if one != "failed"])
def test_what_waits_to_be_kept_goes_back_as_soon_as_the_payment_goes_on(
    provider: Sandbox, meanwhile: str
) -> None:
    scene = taken_scene(provider)
    MEANWHILE[meanwhile](scene)
    before = scene.now().status
    assert (scene.late.status, scene.late.return_tries) == ("given_back", 1)
    scene.tell_all()
    assert (scene.late.status, scene.now().status) == ("given_back", before)


def test_nothing_is_kept_for_a_payment_that_has_gone_on(provider: Sandbox, lead: Actor) -> None:
    scene = taken_scene(provider)
    retry_payment(payment_id=scene.payment.pk, card_id=scene.card.pk, key=new_key())
    with acting_as(lead), pytest.raises(Refusal) as refused:
        decide(scene, "adopted")
    assert "might pay twice" in str(refused.value.message)
    was_declined_at_once(scene)
    with acting_as(lead), pytest.raises(Refusal) as refused:
        decide(scene, "adopted")
    assert refused.value.code == "adoption_refused"
    deliver()
    assert scene.late.status == "given_back"


def was_declined_at_once(scene: Scene) -> None:
    """The bank says no to the second attempt, before anything else is done."""
    answer_attempt(scene.payment, "declined", decline_code="lost_card")
    assert scene.now().status == "failed"


def test_other_currency_is_put_aside(provider: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(provider)
    scene.arrive()
    told = scene.events()[0]
    other = authorization_answer(
        scene.attempt, amount=usd(AMOUNT), approved=usd(AMOUNT), key=str(scene.attempt.pk)
    )
    with monkeypatch.context() as patch:
        patch.setattr(SandboxGateway, "retrieve_authorization", lambda *_args: other)
        event = tell(told)
    assert (event.status, event.note) == ("quarantined", "refused: amount_differs")
    assert not LateAuthorization.objects.exists()


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def test_above_the_limit_a_second_person_decides(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = taken_scene(provider)
    with acting_as(agent):
        asked = decide(scene, "adopted")
    assert (asked.status, scene.late.status) == ("awaiting_approval", "taken")
    with acting_as(agent), pytest.raises(Refusal):
        approve_correction(subject_id=asked.pk, key=new_key())
    with acting_as(lead):
        approve_correction(subject_id=asked.pk, key=new_key())
    assert (scene.late.status, scene.now().status) == ("adopted", "captured")


def test_second_person_who_comes_too_late_keeps_nothing(
    provider: Sandbox, agent: Actor, lead: Actor
) -> None:
    scene = taken_scene(provider)
    with acting_as(agent):
        asked = decide(scene, "adopted")
    with clock.at(clock.now() + timedelta(hours=25)):
        resolve_unknown()
        deliver()
        with acting_as(lead), pytest.raises(Refusal):
            approve_correction(subject_id=asked.pk, key=new_key())
    assert (scene.late.status, scene.now().status) == ("given_back", "failed")


def test_what_is_still_held_is_let_go_at_a_persons_word(provider: Sandbox, lead: Actor) -> None:
    scene = Scene(provider)
    scene.arrive()
    provider.control("faults", {"operation": "void", "fault": "refused"})
    scene.tell_all()
    with acting_as(lead):
        decide(scene, "voiding")
    deliver()
    assert (scene.late.status, scene.late.release_tries) == ("voided", 2)


def test_who_corrects_nothing_decides_nothing(provider: Sandbox, lead: Actor) -> None:
    scene = taken_scene(provider)
    with acting_as(as_actor(hire("Iris Holm", "support_agent"))), pytest.raises(Refusal):
        decide(scene, "adopted")
    assert scene.late.status == "taken"


def test_page_says_what_turned_up_and_what_may_be_done(provider: Sandbox) -> None:
    RefundReason.objects.create(code=REASON, act="correction", label="The shop wants it so")
    scene = taken_scene(provider)
    path = f"/payments/{scene.payment.pk}/"
    with translation.override("en"):
        agent = browser_of(hire("Iris Holm", "support_agent"))
        words = words_of(agent.get(path))
        assert "The provider has taken EUR 100.00 from the customer" in words
        assert "Your role does not correct payments." in words
        board = words_of(agent.get("/payments/unsettled/"))
        assert "Goes back by itself at" in board
        lead = browser_of(hire("Lea Lund", "support_lead"))
        assert "Say what becomes of it" in words_of(lead.get(path))
        form = f"{path}corrections/new/?row={scene.late.pk}"
        offered = words_of(lead.get(form))
        assert "keep it for the payment" in offered
        assert "the customer might pay twice" not in offered
        retry_payment(payment_id=scene.payment.pk, card_id=scene.card.pk, key=new_key())
        refused = words_of(lead.get(form))
        assert "the customer might pay twice" in refused
        assert "keep it for the payment" not in refused
    deliver()
