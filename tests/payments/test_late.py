"""Money that a provider holds or takes for an attempt that had failed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import translation
from pytest_django import Settings

from audit import clock, guard
from audit.actor import Actor, acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.errors import Refusal
from audit.models import LogEntry
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from payments.commands.captures import capture_payment
from payments.commands.corrections import approve_correction, correct_payment
from payments.commands.payments import retry_payment
from payments.commands.refunds import refund_payment
from payments.commands.voids import void_payment
from payments.gateways.commands import receive_event
from payments.gateways.errors import Rejected
from payments.gateways.models import InboundEvent
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.ledger.chart import AccountCode
from payments.ledger.models import Entry
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Correction, LateAuthorization, Payment, RefundReason
from payments.proofs import payments_off
from payments.queries.payments import get_story
from payments.queries.statement import make_statement, select_booked
from payments.queries.unsettled import list_open_to_inquiry
from payments.tasks.late import release_key, return_key
from payments.tasks.resolve import expire_authorizations, resolve_unknown, settle_all
from payments.webhooks.models import Event
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import (
    APPROVED,
    answer_attempt,
    authorization_answer,
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
    new_payment,
)
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox, wait_until
from tests.payments.pages import words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

NUMBERS = itertools.count(1)
AMOUNT = 10_000
PARTIAL = 6_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("late") / "store.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    settings.PROVIDER_TIMEOUT_S = 2.0
    before = owed_by(running)
    yield running
    running.client.delete("/control/faults")
    assert list(payments_off()) == []
    assert books_of(AccountCode.PROVIDER_CLEARING) == owed_by(running) - before


def deliver() -> None:
    while deliver_due():
        pass


def owed_by(provider: Sandbox) -> int:
    """What the provider owes us by its own totals."""
    found = {
        kind: one["amount"]
        for kind, one in provider.get("/v1/totals")["totals"].get("EUR", {}).items()
    }
    if not found:
        return 0
    return int(found["captured"] - found["capture_voided"] - found["refunded"])


def books_of(code: AccountCode) -> int:
    found = Entry.objects.filter(account__code=code).aggregate(minor=Sum("amount_minor"))
    return int(found["minor"] or 0)


class Scene:
    """A payment whose authorization was lost on its way, asked about in vain and so failed; then it
    arrives at the provider all the same, with the key it had."""

    def __init__(self, provider: Sandbox, token: str = APPROVED) -> None:
        self.provider = provider
        self.merchant = make_merchant()
        self.customer = make_customer(self.merchant)
        self.card = make_card(self.merchant, self.customer, token)
        provider.control(
            "faults", {"operation": "authorize", "fault": "timeout_before", "seconds": 0}
        )
        self.payment = new_payment(merchant=self.merchant, customer=self.customer, card=self.card)
        deliver()
        self.attempt = Attempt.objects.get(payment=self.payment)
        assert self.attempt.status == "unknown"
        with clock.at(clock.now() + timedelta(minutes=6)):
            resolve_unknown()
        self.attempt.refresh_from_db()
        assert (self.attempt.status, self.attempt.raw_decline_code) == ("failed", "never_arrived")
        self.told = 0

    def arrive(self, capture: str = "manual") -> None:
        """The call arrives at last."""
        self.reference: str = self.provider.made(
            "/v1/authorizations",
            {
                "amount": AMOUNT,
                "currency": "EUR",
                "card": self.card.token,
                "reference": self.payment.reference,
                "capture": capture,
            },
            key=str(self.attempt.pk),
        )["id"]

    def at_provider(self) -> dict[str, Any]:
        found: dict[str, Any] = self.provider.get(f"/v1/authorizations/{self.reference}")
        return found

    def events(self) -> list[dict[str, Any]]:
        """All that the provider has told of it, in its order."""
        rows: list[dict[str, Any]] = self.provider.get("/v1/events", limit=1000)["data"]
        return [one for one in rows if self.reference in str(one)]

    def tell(self, event: dict[str, Any]) -> InboundEvent:
        """The provider tells it, late: whoever's call it was has long been recorded."""
        data = event["data"]
        with clock.at(clock.now() - timedelta(minutes=1)):
            event_id = receive_event(
                connector="sandbox",
                event_id=f"{event['id']}-{next(NUMBERS)}",
                type=event["type"],
                object_kind=data["object"],
                object_reference=data["id"],
                authorization_reference=data.get("authorization", data["id"]),
                body="{}",
                occurred_at=datetime.fromisoformat(event["created"]),
            )
        deliver()
        return InboundEvent.objects.get(pk=event_id)

    def tell_all(self) -> None:
        """What is new, until nothing is."""
        while (events := self.events())[self.told :]:
            for event in events[self.told :]:
                assert self.tell(event).status == "processed"
            self.told = len(events)

    def wait_for_calls(self) -> None:
        """Until the provider is at no call any more that we have given up."""
        for key in (release_key(self.late), return_key(self.late)):
            wait_until(partial(self._is_idle, key))

    def _is_idle(self, key: str) -> bool:
        return self.provider.client.get("/v1/operations", params={"key": key}).status_code != 409

    @property
    def late(self) -> LateAuthorization:
        return LateAuthorization.objects.get(attempt=self.attempt)

    def now(self) -> Payment:
        return Payment.objects.get(pk=self.payment.pk)


# What the payment has become meanwhile


def has_failed(_scene: Scene) -> None:
    """Nothing has happened since."""


def was_retried(scene: Scene) -> None:
    card = make_card(scene.merchant, scene.customer)
    retry_payment(payment_id=scene.payment.pk, card_id=card.pk, key=new_key())
    deliver()
    assert scene.now().status == "authorized"


def was_captured(scene: Scene) -> None:
    was_retried(scene)
    capture_payment(payment_id=scene.payment.pk, amount=eur(AMOUNT), key=new_key())
    deliver()
    assert scene.now().status == "captured"


def was_voided(scene: Scene) -> None:
    was_retried(scene)
    void_payment(payment_id=scene.payment.pk, key=new_key())
    deliver()
    assert scene.now().status == "voided"


def was_declined(scene: Scene) -> None:
    card = make_card(scene.merchant, scene.customer, "tok_declined_lost_card")
    retry_payment(payment_id=scene.payment.pk, card_id=card.pk, key=new_key())
    deliver()
    assert scene.now().status == "failed"


MEANWHILE: dict[str, Callable[[Scene], None]] = {
    "failed": has_failed,
    "retried and authorized": was_retried,
    "retried and captured": was_captured,
    "retried and voided": was_voided,
    "retried and declined": was_declined,
}

# What arrives: the card, who captures, and how it ends when nobody may take it for the payment

ARRIVES: dict[str, tuple[str, str, str]] = {
    "authorized": ("tok_visa_approved", "manual", "voided"),
    "partially authorized": ("tok_partial_approval", "manual", "voided"),
    "captured": ("tok_visa_approved", "automatic", "given_back"),
    "partially authorized and captured": ("tok_partial_approval", "automatic", "given_back"),
    "declined": ("tok_declined_do_not_honor", "manual", ""),
}
ORDERS = ("in order", "backwards", "twice", "shuffled")


def told_in(order: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if order == "backwards":
        return events[::-1]
    if order == "twice":
        return [*events, *events]
    if order == "shuffled":
        return random.Random(len(events)).sample([*events, *events], 2 * len(events))
    return events


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("what", ARRIVES)
def test_what_turns_up_late_is_let_go_or_given_back_and_nothing_else_moves(
    provider: Sandbox, what: str, meanwhile: str, order: str
) -> None:
    token, capture, end = ARRIVES[what]
    scene = Scene(provider, token)
    MEANWHILE[meanwhile](scene)
    before = Payment.objects.filter(pk=scene.payment.pk).values().get()
    scene.arrive(capture)
    for event in told_in(order, scene.events()):
        scene.tell(event)
    may_wait = end == "given_back" and meanwhile == "failed"
    if may_wait:
        assert scene.late.status == "taken"
        assert books_of(AccountCode.SUSPENSE) == -scene.late.taken_minor < 0
        with clock.at(clock.now() + timedelta(hours=25)):
            resolve_unknown()
            deliver()
    scene.tell_all()
    for event in told_in(order, scene.events()):
        scene.tell(event)
    if not end:
        assert not LateAuthorization.objects.exists()
    else:
        late = scene.late
        assert (late.status, late.held_minor, late.taken_minor) == (end, 0, 0)
        assert (late.release_tries, late.return_tries) == ((1, 0) if end == "voided" else (0, 1))
    found = scene.at_provider()
    assert found["capturable_amount"] == 0
    assert found["refundable_amount"] == 0
    assert books_of(AccountCode.SUSPENSE) == 0
    assert Payment.objects.filter(pk=scene.payment.pk).values().get() == before
    assert not InboundEvent.objects.filter(status="quarantined").exists()


RELEASED_IN_THE_END = (
    "no_connection",
    "timeout_before",
    "timeout_after",
    "500_before",
    "500_after",
    "truncated_json",
    "hang",
    "wrong_amount",
    "unknown_status",
    "repeated_id",
    "429",
)


@pytest.mark.parametrize("fault", RELEASED_IN_THE_END)
def test_release_whose_answer_is_lost_is_asked_about_and_done_once(
    provider: Sandbox, settings: Settings, fault: str
) -> None:
    settings.PROVIDER_TIMEOUT_S = 0.5
    scene = Scene(provider)
    scene.arrive()
    provider.control("faults", {"operation": "void", "fault": fault, "seconds": 1})
    scene.tell(scene.events()[0])
    scene.wait_for_calls()
    settings.PROVIDER_TIMEOUT_S = 5.0
    for minutes in (1, 6, 80):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            deliver()
            resolve_unknown()
            deliver()
    assert scene.late.status == "voided"
    assert scene.at_provider()["voided_amount"] == AMOUNT
    assert len(provider.get(f"/v1/authorizations/{scene.reference}/voids")["data"]) == 1


@pytest.mark.parametrize("fault", [one for one in RELEASED_IN_THE_END if one != "repeated_id"])
def test_return_whose_answer_is_lost_is_asked_about_and_done_once(
    provider: Sandbox, settings: Settings, fault: str
) -> None:
    settings.PROVIDER_TIMEOUT_S = 0.5
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive("automatic")
    provider.control("faults", {"operation": "refund", "fault": fault, "seconds": 1})
    scene.tell(scene.events()[0])
    scene.wait_for_calls()
    settings.PROVIDER_TIMEOUT_S = 5.0
    for minutes in (1, 6, 80):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            deliver()
            resolve_unknown()
            deliver()
    assert scene.late.status == "given_back"
    assert scene.at_provider()["refunded_amount"] == AMOUNT


def test_provider_that_tells_nothing_after_the_release_is_asked_again(provider: Sandbox) -> None:
    scene = Scene(provider)
    scene.arrive()
    told = scene.events()[0]
    provider.control("faults", {"operation": "retrieve", "fault": "500_before", "times": 9})
    event = scene.tell(told)
    assert event.status == "received"
    assert not LateAuthorization.objects.exists()
    provider.client.delete("/control/faults")
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver()
    assert scene.late.status == "voided"


def test_part_that_was_taken_goes_back_and_the_rest_is_let_go(provider: Sandbox) -> None:
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive()
    provider.made(f"/v1/authorizations/{scene.reference}/captures", {"amount": 4_000})
    scene.tell_all()
    late = scene.late
    assert (late.status, late.release_tries, late.return_tries) == ("given_back", 1, 1)
    found = scene.at_provider()
    assert (found["voided_amount"], found["refunded_amount"]) == (6_000, 4_000)


def test_capture_that_somebody_took_back_at_the_provider_needs_nothing_of_us(
    provider: Sandbox,
) -> None:
    scene = Scene(provider)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "taken"
    capture = scene.at_provider()["latest_capture"]
    provider.made(f"/v1/captures/{capture}/void")
    scene.tell_all()
    assert (scene.late.status, scene.late.return_tries) == ("given_back", 0)


def test_money_that_went_back_and_came_back_waits_for_a_person(provider: Sandbox) -> None:
    scene = Scene(provider, "tok_refund_fails_later")
    was_retried(scene)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "given_back"
    provider.control("clock", {"seconds": 6 * 86_400})
    scene.tell_all()
    late = scene.late
    assert (late.status, late.taken_minor, late.ask_at) == ("taken", AMOUNT, None)
    assert books_of(AccountCode.SUSPENSE) == -AMOUNT
    with clock.at(clock.now() + timedelta(days=30)):
        resolve_unknown()
        deliver()
    assert scene.late.status == "taken"


def test_release_that_the_provider_refuses_waits_for_a_person(
    provider: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_given: Any) -> Any:
        raise Rejected("not_now", "")

    scene = Scene(provider)
    scene.arrive()
    with monkeypatch.context() as patch:
        patch.setattr(SandboxGateway, "void", refuse)
        scene.tell(scene.events()[0])
    late = scene.late
    assert (late.status, late.failure_code, late.ask_at) == ("held", "not_now", None)
    provider.made(f"/v1/authorizations/{scene.reference}/void")
    settle_all(list_open_to_inquiry(scene.payment.pk))
    assert scene.late.status == "voided"


def test_event_that_comes_while_the_outcome_is_unknown_settles_it(provider: Sandbox) -> None:
    provider.control("faults", {"operation": "authorize", "fault": "500_after"})
    payment = new_payment()
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    assert attempt.status == "unknown"
    told = [
        one
        for one in provider.get("/v1/events", limit=1000)["data"]
        if one["data"].get("key") == str(attempt.pk)
    ]
    scene = Scene.__new__(Scene)
    assert scene.tell(told[0]).status == "processed"
    attempt.refresh_from_db()
    assert (attempt.status, attempt.provider_reference) == ("authorized", told[0]["data"]["id"])
    assert not LateAuthorization.objects.exists()


@pytest.mark.parametrize("after", [timedelta(hours=2), timedelta(days=2)])
def test_what_no_event_tells_of_is_found_by_asking_again(
    provider: Sandbox, after: timedelta
) -> None:
    scene = Scene(provider)
    with clock.at(clock.now() + timedelta(minutes=50)):
        deliver()
    if after > timedelta(days=1):
        with clock.at(clock.now() + timedelta(hours=2)):
            deliver()
    scene.arrive()
    assert not LateAuthorization.objects.exists()
    with clock.at(clock.now() + after):
        deliver()
    assert scene.late.status == "voided"
    assert Message.objects.exclude(status="done").count() == (0 if after.days else 1)


def test_attempt_has_one_late_authorization_at_most(provider: Sandbox) -> None:
    scene = Scene(provider)
    scene.arrive()
    scene.tell_all()
    late = scene.late
    late.pk, late.key = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic(), guard.suspended():
        late.save(force_insert=True)


def test_each_step_is_on_record_with_its_change(provider: Sandbox) -> None:
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive("automatic")
    scene.tell_all()
    told = LogEntry.objects.filter(object_pk=str(scene.late.pk)).order_by("timestamp", "pk")
    events = [entry.event for entry in told if "status" in str(entry.changes)]
    assert events == [
        "payments.late.found",
        "payments.late.return_requested",
        "payments.late.returned",
    ]


@pytest.mark.usefixtures("provider")
def test_expired_challenge_that_is_passed_later_is_let_go(provider: Sandbox) -> None:
    merchant = make_merchant()
    customer = make_customer(merchant)
    card = make_card(merchant, customer, "tok_3ds_challenge_passed")
    payment = new_payment(merchant=merchant, customer=customer, card=card)
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    with clock.at(clock.now() + timedelta(days=40)):
        expire_authorizations()
    attempt.refresh_from_db()
    assert attempt.status == "expired"
    provider.control(
        f"authorizations/{attempt.provider_reference}/resolve", {"outcome": "approved"}
    )
    scene = Scene.__new__(Scene)
    scene.provider, scene.reference, scene.told = provider, attempt.provider_reference, 0
    scene.tell_all()
    assert LateAuthorization.objects.get(attempt=attempt).status == "voided"
    assert not Capture.objects.exists()


# What a person decides


REASON = "shop_wants_it"


@pytest.fixture
def lead() -> Actor:
    """May decide about 500.00 EUR alone."""
    RefundReason.objects.create(code=REASON, act="correction", label="The shop wants it so")
    return _decider("Lea Lund", "support_lead", 50_000)


@pytest.fixture
def agent() -> Actor:
    """May decide about 50.00 EUR alone."""
    return _decider("Anna Bell", "finance_controller", 5_000)


def _decider(name: str, role: str, most: int) -> Actor:
    person = hire(name, role)
    with acting_as(operator("test")):
        group = Group.objects.get(name=role)
        ApprovalLimit.objects.create(role=group, kind="correction", currency="EUR", max_minor=most)
    return as_actor(person)


def decide(scene: Scene, to_status: str, **given: Any) -> Correction:
    late = scene.late
    return correct_payment(
        **{
            "payment_id": scene.payment.pk,
            "kind": "late",
            "row_id": late.pk,
            "to_status": to_status,
            "reason": REASON,
            "evidence": "Said on the telephone.",
            "seen_status": late.status,
            "key": new_key(),
            **given,
        }
    )


def taken_scene(provider: Sandbox, token: str = APPROVED) -> Scene:
    scene = Scene(provider, token)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "taken"
    return scene


def test_what_was_taken_is_kept_for_the_payment_by_a_person(provider: Sandbox, lead: Actor) -> None:
    scene = taken_scene(provider)
    key = new_key()
    with acting_as(lead):
        for _ in range(2):
            made = decide(scene, "adopted", key=key, seen_status="taken")
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
        assert scene.tell(event).status == "processed"
    assert scene.now().status == "captured"
    assert list(make_statement_of(payment)) == []


def make_statement_of(payment: Payment) -> list[str]:
    """What does not add up on the payment's own page."""
    story = get_story(payment.pk)
    statement = make_statement(story, list(select_booked(story)))
    return [] if statement.is_balanced else ["off"]


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
        event = scene.tell(told)
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


def test_what_is_still_held_is_let_go_at_a_persons_word(
    provider: Sandbox, lead: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_given: Any) -> Any:
        raise Rejected("not_now", "")

    scene = Scene(provider)
    scene.arrive()
    with monkeypatch.context() as patch:
        patch.setattr(SandboxGateway, "void", refuse)
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
