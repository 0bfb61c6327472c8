"""Faults at every statement and every COMMIT of every command that moves money.

A few stories lead a payment through all of those commands. First they are told in good weather, and
what each step adds to each table and each balance is noted. Then one of them is told in a storm,
for each seed: whatever strikes, each step adds just that, once.

`STORM_SEED=17 pytest tests/payments/test_faults.py` tells the story of that seed alone.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Count

from audit import clock
from audit import command as kernel
from audit.actor import Actor, ActorKind, acting_as, system
from audit.approvals.models import ApprovalLimit
from audit.errors import Busy, OutcomeUnknown
from audit.outbox.commands import lease_messages
from audit.owned import OwnedModel
from payments.commands import (
    bulk,
    capture_voids,
    captures,
    corrections,
    increments,
    intents,
    late,
    payments,
    refunds,
    reroutes,
    voids,
)
from payments.gateways.capabilities import CAPABILITIES
from payments.gateways.commands import (
    create_account,
    enable_account,
    record_trial,
    set_route,
)
from payments.gateways.models import ConnectorAccount
from payments.ledger import proofs
from payments.ledger.models import Entry
from payments.models import (
    Attempt,
    Capture,
    Correction,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
    RefundReason,
)
from payments.proofs import payments_off
from payments.queries.bulk import Act
from tests.audit import storms
from tests.audit.people import hire
from tests.payments.builders import (
    authorization_answer,
    eur,
    make_card,
    make_customer,
    make_live_account,
    make_merchant,
    make_reason,
    operation_answer,
)

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = 200
GROUPS = 8
PROBABILITY = 0.25
REFUNDS = (1_000, 6_000)
"""The first at once, the second by two people; that one comes back."""
FEWEST = 8
"""So many conflicts in a row a command must bear before it says that it is busy."""

Call = Callable[[], Any]


@dataclass
class World:
    """What stories share: who there is."""

    agent: Actor
    lead: Actor
    merchant: Any
    customer: Any
    card: Any
    is_live: bool = False
    seen: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def world(somebody: Actor, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(kernel, "LONGEST_S", 0.0)
    storms.prepare()
    make_reason()
    RefundReason.objects.create(code="provider_said", act="correction", label="The provider said")
    merchant = make_merchant(is_live=True)
    customer = make_customer(merchant)
    house = ConnectorAccount.objects.get(connector="sandbox")
    set_route(account_ids=[house.pk, _second_account().pk])
    agent, lead = _employ("agent", 5_000), _employ("lead", 50_000)
    return World(agent, lead, merchant, customer, make_card(merchant, customer))


def _second_account() -> ConnectorAccount:
    made = create_account(connector="sandbox", name="Second", key="second")
    record_trial(account_id=made.pk, tried="", outcome=ConnectorAccount.Trial.PASSED)
    return enable_account(account_id=made.pk)


def with_live_money(world: World) -> World:
    """The same people and the same merchant, where money is real."""
    customer = make_customer(world.merchant, is_live=True)
    card = make_card(world.merchant, customer, is_live=True)
    second = create_account(
        connector="stripe",
        name="Second, real",
        is_live=True,
        api_key="sk_live_anotherofthetests",
        key="second, real",
    )
    passed = ConnectorAccount.Trial.PASSED
    record_trial(account_id=second.pk, tried=second.next_api_key, outcome=passed)
    enable_account(account_id=second.pk)
    set_route(account_ids=[make_live_account().pk, second.pk], is_live=True)
    return World(world.agent, world.lead, world.merchant, customer, card, is_live=True)


def _employ(name: str, limit: int) -> Actor:
    role = f"support_{name}"
    person = hire(name.title(), role)
    group = Group.objects.get(name=role)
    for kind in ("refund", "correction"):
        ApprovalLimit.objects.create(role=group, kind=kind, currency="EUR", max_minor=limit)
    acts = ("refund", "capture", "void", "correct")
    decides = ("refund", "correction")
    return Actor(
        ActorKind.USER,
        person.reference,
        user_id=person.pk,
        roles=(role,),
        permissions=frozenset(
            [f"payments.{act}_payment" for act in acts]
            + [f"approvals.decide_{kind}" for kind in decides]
        ),
        request_id="a-story",
    )


# The story


def tell(world: World, seed: int, name: str) -> Iterator[tuple[str, Call]]:
    """Each step: the event of its command, and the call, which may be repeated."""
    return STORIES[seed % len(STORIES)](world, name)


def _created(world: World, key: str) -> Call:
    return lambda: payments.create_payment(
        merchant_id=world.merchant.pk,
        customer_id=world.customer.pk,
        card_id=world.card.pk,
        amount=eur(10_000),
        capture_method="manual",
        is_live=world.is_live,
        key=key,
    )


def _last_attempt(key: str) -> Attempt:
    return Attempt.objects.filter(payment__key=key).order_by("-number")[0]


def _answered(attempt: Attempt, status: str, **facts: Any) -> Call:
    answer = authorization_answer(attempt, status, **facts)
    return lambda: payments.record_authorization(
        attempt_id=attempt.pk, answer=answer, key=f"{attempt.pk}"
    )


def _declined_then_captured_and_refunded(world: World, key: str) -> Iterator[tuple[str, Call]]:
    yield "payments.payment.created", _created(world, key)
    payment = Payment.objects.get(key=key)
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "declined")
    yield (
        "payments.attempt.requested",
        lambda: payments.retry_payment(
            payment_id=payment.pk, card_id=world.card.pk, key=f"{key}-again"
        ),
    )
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "authorized")
    yield from _captured(payment, 8_000, f"{key}-capture")
    yield from _refunded(world, payment, key)


def _captured(payment: Payment, minor: int, key: str) -> Iterator[tuple[str, Call]]:
    yield (
        "payments.capture.requested",
        lambda: captures.capture_payment(payment_id=payment.pk, amount=eur(minor), key=key),
    )
    capture = Capture.objects.get(key=key)
    answer = operation_answer(capture, settles_at=clock.now() + timedelta(days=1))
    yield (
        "payments.capture.succeeded",
        lambda: captures.record_capture_result(
            capture_id=capture.pk, answer=answer, key=f"{capture.pk}"
        ),
    )


def _refunded(world: World, payment: Payment, key: str) -> Iterator[tuple[str, Call]]:
    for minor in REFUNDS:
        refund_key = f"{key}-refund-{minor}"

        yield "payments.refund.requested", _asked(world, payment, minor, refund_key)
        refund = Refund.objects.get(key=refund_key)
        if refund.status == Refund.Status.AWAITING_APPROVAL:
            yield "payments.refund.approved", _approved(world, refund)
        yield "payments.refund.succeeded", _refund_answered(refund, "succeeded")
        if minor == REFUNDS[-1]:
            yield "payments.refund.succeeded", _refund_answered(refund, "failed")


def _asked(world: World, payment: Payment, minor: int, key: str) -> Call:
    def ask() -> Refund:
        with acting_as(world.agent):
            return refunds.refund_payment(
                payment_id=payment.pk,
                amount=eur(minor),
                reason="requested_by_customer",
                key=key,
            )

    return ask


def _approved(world: World, refund: Refund) -> Call:
    def approve() -> Refund:
        with acting_as(world.lead):
            return refunds.approve_refund(subject_id=refund.pk, key=f"{refund.key}-yes")

    return approve


def _refund_answered(refund: Refund, status: str) -> Call:
    answer = operation_answer(refund, status)
    return lambda: refunds.record_refund_result(
        refund_id=refund.pk, answer=answer, key=f"{refund.pk}-{status}"
    )


def _refused_then_voided(world: World, key: str) -> Iterator[tuple[str, Call]]:
    yield "payments.payment.created", _created(world, key)
    payment = Payment.objects.get(key=key)
    first = _last_attempt(key)
    yield (
        "payments.attempt.failed",
        lambda: payments.record_authorization_failed(
            attempt_id=first.pk, code="not_found", key=f"{first.pk}"
        ),
    )
    yield (
        "payments.attempt.requested",
        lambda: payments.retry_payment(
            payment_id=payment.pk, card_id=world.card.pk, key=f"{key}-again"
        ),
    )
    attempt = _last_attempt(key)
    yield "payments.attempt.recorded", _answered(attempt, "authorized")
    yield (
        "payments.void.requested",
        lambda: voids.void_payment(payment_id=payment.pk, key=f"{key}-void"),
    )
    amount = eur(10_000)
    answer = operation_answer(Capture(amount_minor=amount.minor, currency=amount.currency))
    yield (
        "payments.void.succeeded",
        lambda: voids.record_void_result(attempt_id=attempt.pk, answer=answer, key=f"{attempt.pk}"),
    )


def _increased_captured_and_taken_back(world: World, key: str) -> Iterator[tuple[str, Call]]:
    yield "payments.payment.created", _created(world, key)
    payment = Payment.objects.get(key=key)
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "authorized")
    yield (
        "payments.increment.requested",
        lambda: increments.increment_authorization(
            payment_id=payment.pk, amount=eur(1_000), key=f"{key}-more"
        ),
    )
    increment = Increment.objects.get(key=f"{key}-more")
    more = operation_answer(increment)
    yield (
        "payments.increment.succeeded",
        lambda: increments.record_increment_result(
            increment_id=increment.pk, answer=more, key=f"{increment.pk}"
        ),
    )
    yield "payments.bulk.requested", _asked_in_bulk(world, payment, key)
    yield from _captured(payment, 8_000, f"{key}-capture")
    capture = Capture.objects.get(key=f"{key}-capture")
    yield (
        "payments.capture.void_requested",
        lambda: capture_voids.void_capture(capture_id=capture.pk, key=f"{key}-back"),
    )
    back = operation_answer(capture)
    yield (
        "payments.capture.voided",
        lambda: capture_voids.record_capture_void_result(
            capture_id=capture.pk, answer=back, key=f"{capture.pk}-back"
        ),
    )


def _asked_in_bulk(world: World, payment: Payment, key: str) -> Call:
    def ask() -> Any:
        with acting_as(world.agent):
            return bulk.act_on_many(
                act=Act.CAPTURE, rows=[(str(payment.pk), 8_000, "EUR")], key=f"{key}-bulk"
            )

    return ask


def _lost_and_corrected(world: World, key: str) -> Iterator[tuple[str, Call]]:
    """The provider never answers: a capture is set right by two people, a refund by one."""
    yield "payments.payment.created", _created(world, key)
    payment = Payment.objects.get(key=key)
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "authorized")
    yield (
        "payments.capture.requested",
        lambda: captures.capture_payment(
            payment_id=payment.pk, amount=eur(8_000), key=f"{key}-capture"
        ),
    )
    capture = Capture.objects.get(key=f"{key}-capture")
    for _ in range(2):
        captures.record_capture_lost(capture_id=capture.pk)
    yield "payments.correction.requested", _set_right(world, "capture", capture)
    yield "payments.correction.approved", _set_right_by_two(world, capture)
    yield "payments.refund.requested", _asked(world, payment, REFUNDS[0], f"{key}-refund")
    refund = Refund.objects.get(key=f"{key}-refund")
    for _ in range(2):
        refunds.record_refund_lost(refund_id=refund.pk)
    yield "payments.correction.requested", _set_right(world, "refund", refund)


def _set_right(world: World, kind: str, row: Capture | Refund) -> Call:
    def correct() -> Correction:
        with acting_as(world.agent):
            return corrections.correct_payment(
                payment_id=row.payment_id,
                kind=kind,
                row_id=row.pk,
                to_status="succeeded",
                reason="provider_said",
                evidence="Told on the telephone.",
                seen_status="unknown",
                key=f"{row.key}-right",
            )

    return correct


def _set_right_by_two(world: World, row: Capture | Refund) -> Call:
    correction = Correction.objects.get(row_id=row.pk)

    def approve() -> Correction:
        with acting_as(world.lead):
            return corrections.approve_correction(
                subject_id=correction.pk, key=f"{correction.key}-yes"
            )

    return approve


def _prepared_then_confirmed(world: World, key: str) -> Iterator[tuple[str, Call]]:
    payment = intents.create_intent(
        merchant_id=world.merchant.pk,
        card_id=world.card.pk,
        amount=eur(10_000),
        is_live=world.is_live,
        key=key,
    )
    yield (
        "payments.intent.confirmed",
        lambda: intents.confirm_intent(payment_id=payment.pk, key=f"{key}-confirmed"),
    )
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "declined")


def _not_reached_then_elsewhere(world: World, key: str) -> Iterator[tuple[str, Call]]:
    yield "payments.payment.created", _created(world, key)
    first = _last_attempt(key)
    leased = {one.kwargs.get("attempt_id"): one for one in lease_messages(limit=1000)}
    message = leased[str(first.pk)]
    assert message.lease is not None
    yield (
        "payments.attempt.rerouted",
        partial(
            reroutes.reroute_authorization,
            attempt_id=first.pk,
            message_id=message.pk,
            lease=message.lease,
            key=f"{key}-elsewhere",
        ),
    )
    yield "payments.attempt.recorded", _answered(_last_attempt(key), "authorized")


def _turned_up_late(world: World, key: str) -> Iterator[tuple[str, Call]]:
    """What was taken after the failure goes back when nobody has kept it in time."""
    yield "payments.payment.created", _created(world, key)
    attempt = _last_attempt(key)
    yield (
        "payments.attempt.failed",
        lambda: payments.record_authorization_failed(
            attempt_id=attempt.pk, code="never_arrived", key=f"{attempt.pk}"
        ),
    )
    answer = authorization_answer(attempt, "authorized", capturable=eur(0), taken=eur(8_000))
    yield (
        "payments.late.found",
        lambda: late.record_late_authorization(
            attempt_id=attempt.pk, answer=answer, key=f"{attempt.pk}-late"
        ),
    )
    found = LateAuthorization.objects.get(attempt=attempt)
    yield "payments.late.return_requested", _sent_back(found)
    back = operation_answer(Capture(amount_minor=8_000, currency="EUR"))
    yield (
        "payments.late.returned",
        lambda: late.record_late_return(late_id=found.pk, answer=back, key=f"{found.pk}-back"),
    )


def _sent_back(found: LateAuthorization) -> Call:
    def send() -> LateAuthorization:
        with clock.at(found.created_at + timedelta(days=2)):
            return late.return_late(late_id=found.pk, key=f"{found.pk}-return")

    return send


STORIES = (
    _declined_then_captured_and_refunded,
    _refused_then_voided,
    _increased_captured_and_taken_back,
    _lost_and_corrected,
    _prepared_then_confirmed,
    _not_reached_then_elsewhere,
    _turned_up_late,
)


# What a step adds


COUNTED = {
    "entries of": "SELECT event AS named, count(*) AS number FROM audit_logentry WHERE outcome = 'done' GROUP BY event",
    "messages of": "SELECT task AS named, count(*) AS number FROM outbox_message GROUP BY task",
    "payments": "SELECT status AS named, count(*) AS number FROM payments_payment GROUP BY status",
    "balance of": (
        "SELECT account.code AS named, sum(entry.amount_minor) AS number FROM ledger_entry AS entry"
        " JOIN ledger_account AS account ON account.id = entry.account_id GROUP BY account.code"
    ),
    **{
        f"sum of {name}": f"SELECT '' AS named, coalesce(sum({name}_minor), 0) AS number FROM payments_payment"
        for name in ("authorized", "capture_pending", "captured", "refund_pending", "refunded")
    },
    **{
        f"rows of {model._meta.db_table}": f"SELECT '' AS named, count(*) AS number FROM {model._meta.db_table}"
        for model in apps.get_models()
        if issubclass(model, OwnedModel)
    },
}


def count_everything() -> Counter[str]:
    """How much there is of everything that must be neither doubled nor lost. One SELECT."""
    selects = [
        f"SELECT '{what} ' || named, number FROM ({select}) AS counted_{place}"
        for place, (what, select) in enumerate(COUNTED.items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects))
        return Counter({name: int(number) for name, number in cursor.fetchall()})


def added(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {
        name: after[name] - before[name]
        for name in sorted({*before, *after})
        if after[name] != before[name]
    }


def in_good_weather(world: World, seed: int) -> list[dict[str, int]]:
    told, before = [], count_everything()
    for event, call in tell(world, seed, f"fair-{seed}"):
        world.seen[event] += 1
        call()
        after = count_everything()
        told.append(added(before, after))
        before = after
    return told


def endure(call: Call, chance: random.Random) -> list[str]:
    """Call it in a storm, as often as a client with a key would; what it met in all."""
    met: list[str] = []
    for _ in range(40):
        with storms.storm(chance, PROBABILITY) as storm:
            try:
                call()
            except (Busy, OutcomeUnknown):
                assert len(storm.met) >= FEWEST, f"gave up after {storm.met}"
            else:
                return met + storm.met
            finally:
                met += storm.met
    raise AssertionError(f"never done: {met}")


def seeds(group: int) -> list[int]:
    if asked := os.environ.get("STORM_SEED"):
        return [int(asked)] if group == 0 else []
    return [seed for seed in range(SEEDS) if seed // len(STORIES) % GROUPS == group]


@pytest.mark.parametrize("group", range(GROUPS))
def test_nothing_is_doubled_and_nothing_lost_whatever_strikes(world: World, group: int) -> None:
    fair = [in_good_weather(world, seed) for seed in range(len(STORIES))]
    before = count_everything()
    for seed in seeds(group):
        chance = random.Random(seed)
        for number, (event, call) in enumerate(tell(world, seed, f"storm-{seed}")):
            with acting_as(system("storm")):
                met = endure(call, chance)
            after = count_everything()
            told = added(before, after)
            assert told == fair[seed % len(STORIES)][number], (
                f"STORM_SEED={seed}, {event}, met {met}"
            )
            before = after
    assert list(payments_off()) == []


def test_the_story_has_every_command_that_moves_money(world: World) -> None:
    for seed in range(len(STORIES)):
        in_good_weather(world, seed)
    assert set(world.seen) == {event for event in kernel.money if event.startswith("payments.")}
    assert all(event.startswith(("payments.", "toys.")) for event in kernel.money)


def booked_by_mode() -> dict[bool, int]:
    entries = Entry.objects.order_by().values_list("account__is_live")
    return dict(entries.annotate(Count("pk")))


def test_no_command_that_moves_money_books_where_the_other_mode_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One merchant, test and live in turn: what a step books is of its payment's mode alone."""
    can_all = replace(CAPABILITIES["stripe"], features=CAPABILITIES["sandbox"].features)
    monkeypatch.setitem(CAPABILITIES, "stripe", can_all)
    worlds = [world, with_live_money(world)]
    for seed in range(len(STORIES)):
        for told in worlds:
            other = booked_by_mode().get(not told.is_live, 0)
            for event, call in tell(told, seed, f"{told.is_live}-{seed}"):
                told.seen[event] += 1
                call()
                assert booked_by_mode().get(not told.is_live, 0) == other, event
    for told in worlds:
        assert set(told.seen) == {one for one in kernel.money if one.startswith("payments.")}
    booked = booked_by_mode()
    assert booked[True] == booked[False] > 0
    assert [*payments_off(), *proofs.prove_modes(), *proofs.prove_trial_balance()] == []
