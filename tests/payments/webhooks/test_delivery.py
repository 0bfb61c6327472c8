"""From a change to a shop that knows of it."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from audit import clock
from payments.parties.models import Merchant
from payments.webhooks.commands.deliveries import (
    announce_events,
    lease_deliveries,
    redeliver,
    redeliver_failed,
)
from payments.webhooks.commands.endpoints import (
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
    send_test,
)
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Attempt, Delivery, Endpoint, Event, Health
from payments.webhooks.policy import AT_ONCE, GIVEN_UP, SCHEDULE
from payments.webhooks.presenting import open_secret
from payments.webhooks.showing import tries_of
from tests.payments.builders import authorized_payment, captured_payment, eur
from tests.payments.webhooks.conftest import Listen, later, only_delivery
from tests.payments.webhooks.receiver import (
    Receiver,
    answering,
    dripping,
    flooding,
    hanging,
    ok,
    resetting,
    running,
)

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def test_a_capture_is_told_signed_and_as_the_api_presents_it(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop, "payment.captured")
    payment = captured_payment(eur(4_200), merchant=merchant)
    assert deliver_due() == 1
    (message,) = shop.received
    told = message.verified(open_secret(endpoint))
    event = Event.objects.get(type="payment.captured")
    assert message.path == "/hooks"
    assert message.headers["content-type"] == "application/json"
    assert message.id == f"msg_{event.pk.hex}"
    assert told["id"] == str(event.pk)
    assert told["type"] == "payment.captured"
    assert told["livemode"] is False
    assert told["data"]["object"]["id"] == str(payment.pk)
    assert told["data"]["object"]["amount_captured"] == 4_200
    assert told["data"]["object"]["version"] >= told["version"] == event.version
    assert only_delivery().status == Status.DELIVERED
    assert deliver_due() == 0


def test_what_was_sent_and_what_came_back_stand_in_the_log(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop.then(answering(201, b"thank you")), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    attempt = Attempt.objects.get()
    (shown,) = tries_of([attempt], in_full=True)
    assert (attempt.code, attempt.outcome, shown.answer) == (201, "delivered", "thank you")
    assert json.loads(shown.body) == json.loads(shop.received[0].body)
    assert "webhook-signature: v1,•••" in shown.headers
    stored = json.dumps([attempt.request, attempt.answer])
    assert "thank you" not in stored
    assert open_secret(endpoint) not in stored + shown.headers
    (closed,) = tries_of([attempt], in_full=False)
    assert (closed.body, closed.answer) == ("", "")


def test_a_card_number_in_an_answer_is_blotted_out(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop.then(answering(500, b"card 4111 1111 1111 1111 declined")), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    (shown,) = tries_of([Attempt.objects.get()], in_full=True)
    assert "4111" not in shown.answer
    assert "declined" in shown.answer


@pytest.mark.parametrize(
    ("manner", "outcome", "code"),
    [
        (answering(500, b"oh"), "refused", 500),
        (answering(404), "refused", 404),
        (answering(100 + 302, Location="http://127.0.0.1:1/"), "refused", 402),
        (answering(302, Location="/elsewhere"), "redirected", 302),
        (answering(308, Location="/elsewhere"), "redirected", 308),
        (resetting, "unreachable", None),
        (flooding, "refused", 500),
    ],
)
def test_what_is_not_2xx_is_a_failure_and_tried_again(
    manner: object,
    outcome: str,
    code: int | None,
    shop: Receiver,
    listen: Listen,
    merchant: Merchant,
) -> None:
    listen(shop.then(manner), "payment.authorized")  # type: ignore[arg-type]
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    delivery = only_delivery()
    assert (delivery.status, delivery.last_outcome, delivery.last_code) == (
        Status.WAITING,
        outcome,
        code,
    )
    assert [one.path for one in shop.received] == ["/hooks"], "a redirect was followed"
    (shown,) = tries_of([Attempt.objects.get()], in_full=True)
    assert len(shown.answer) <= 4096
    with later(seconds=6):
        shop.then(ok)
        assert deliver_due() == 1
    assert only_delivery().status == Status.DELIVERED
    assert {one.id for one in shop.received} == {shop.received[0].id}
    assert Attempt.objects.count() == 2


@pytest.mark.parametrize("manner", [hanging, dripping])
def test_an_answer_that_takes_too_long_is_cut_off(
    manner: object, shop: Receiver, listen: Listen, merchant: Merchant, settings: Settings
) -> None:
    settings.WEBHOOKS_TIMEOUT_S = 0.4
    free = threading.Event()
    listen(shop.then(manner(free)), "payment.authorized")  # type: ignore[operator]
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    free.set()
    assert only_delivery().last_outcome == "timed_out"
    assert 300 <= Attempt.objects.get().duration_ms < 5_000


def test_tries_go_along_the_schedule_and_end(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop.then(answering(500)), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    begun = moment = clock.now()
    for number, wait in enumerate(SCHEDULE, start=1):
        with clock.at(moment):
            assert deliver_due() == 1
        delivery = only_delivery()
        assert delivery.tries == number
        if number < len(SCHEDULE):
            waited = delivery.next_at - moment
            assert SCHEDULE[number] * 0.89 <= waited <= SCHEDULE[number] * 1.11
            with clock.at(delivery.next_at - timedelta(seconds=1)):
                assert deliver_due() == 0, f"tried before {wait} were over"
            moment = delivery.next_at
    assert only_delivery().status == Status.FAILED
    assert timedelta(hours=65) < moment - begun < timedelta(hours=85)


def test_an_endpoint_that_is_gone_is_disabled(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop.then(answering(410)))
    authorized_payment(eur(900), merchant=merchant)
    deliver_due(threads=1)
    endpoint = Endpoint.objects.get()
    assert (endpoint.status, endpoint.reason) == ("disabled", "gone")
    assert len(shop.received) == 1
    with later(hours=1):
        assert deliver_due() == 0


def test_an_endpoint_that_takes_nothing_for_days_is_given_up(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop.then(answering(500)), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    with clock.at(clock.now() + GIVEN_UP - timedelta(minutes=1)):
        deliver_due()
        assert Endpoint.objects.get().is_enabled
    with clock.at(only_delivery().next_at + timedelta(days=1)):
        deliver_due()
    given_up = Endpoint.objects.get(pk=endpoint.pk)
    assert (given_up.status, given_up.reason) == ("disabled", "failing")
    enable_endpoint(endpoint_id=endpoint.pk)
    assert Health.objects.get().failing_since is None


def test_one_success_forgets_all_failures(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop.then(answering(500), ok), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    assert Health.objects.get().failing_since is not None
    with later(seconds=6):
        deliver_due()
    assert Health.objects.get().failing_since is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it(
    status: int, shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop.then(answering(status, Retry_After="600"), ok), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    authorized_payment(eur(901), merchant=merchant)
    with later(seconds=500):
        assert deliver_due() == 0, "the other delivery did not wait"
    with later(seconds=700):
        assert deliver_due() == 2
    assert len(shop.received) == 3


def test_what_was_sent_but_not_recorded_is_sent_again_under_the_same_id(
    shop: Receiver, listen: Listen, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is killed between the two."""
    listen(shop, "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    with monkeypatch.context() as patch:
        patch.setattr("payments.webhooks.delivering.record", lambda *_: None)
        deliver_due()
    assert only_delivery().status == Status.SENDING
    assert deliver_due() == 0, "taken from a living worker"
    with later(seconds=91):
        deliver_due()
    first, second = shop.received
    assert first.id == second.id
    assert only_delivery().status == Status.DELIVERED
    assert Attempt.objects.count() == 1


def test_an_endpoint_that_hangs_stops_no_other(
    shop: Receiver, listen: Listen, merchant: Merchant, settings: Settings
) -> None:
    settings.WEBHOOKS_TIMEOUT_S = 1.0
    free = threading.Event()
    with running() as slow:
        stuck = listen(slow.then(hanging(free)), "payment.authorized")
        quick = listen(shop, "payment.authorized")
        for minor in range(900, 910):
            authorized_payment(eur(minor), merchant=merchant)
        deliver_due()
        free.set()
    assert Delivery.objects.filter(endpoint=quick, status=Status.DELIVERED).count() == 10
    slots = sorted(
        (one.started_at, one.started_at + timedelta(milliseconds=one.duration_ms))
        for one in Attempt.objects.filter(delivery__endpoint=stuck)
    )
    for began, _ended in slots:
        assert sum(start <= began < end for start, end in slots) <= AT_ONCE
    firsts = Attempt.objects.order_by("started_at", "pk")
    last_quick = max(one.started_at for one in firsts if one.delivery.endpoint_id == quick.pk)
    second_round = [one.started_at for one in firsts if one.delivery.endpoint_id == stuck.pk]
    assert last_quick < sorted(second_round)[AT_ONCE], "the quick one waited for the slow one"


def test_no_more_than_a_few_to_one_endpoint_are_leased_at_a_time(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    crowded, other = listen(shop, "payment.authorized"), listen(shop, "payment.captured")
    for minor in range(900, 930):
        authorized_payment(eur(minor), merchant=merchant)
    captured_payment(eur(5_000), merchant=merchant)
    announce_events()
    leased = lease_deliveries(limit=10)
    whose = [one.endpoint_id for one in leased]
    assert whose.count(crowded.pk) == AT_ONCE
    assert whose.count(other.pk) == 1, "hidden behind the others"
    assert lease_deliveries(limit=10) == []


def test_during_a_rotation_both_secrets_count(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop, "payment.authorized")
    old = open_secret(endpoint)
    rotated = rotate_secret(endpoint_id=endpoint.pk, overlap_hours=24, version=0)
    new = open_secret(rotated)
    assert new != old
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    assert shop.received[0].verified(old)["type"] == "payment.authorized"
    assert shop.received[0].verified(new)["type"] == "payment.authorized"
    again = rotate_secret(endpoint_id=endpoint.pk, overlap_hours=0, version=0)
    assert open_secret(again) == new, "a repeat made a third one"
    rotate_secret(endpoint_id=endpoint.pk, overlap_hours=0, version=1)
    authorized_payment(eur(901), merchant=merchant)
    deliver_due()
    with pytest.raises(WebhookVerificationError):
        shop.received[1].verified(new)


def test_a_forged_message_is_not_verified(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop, "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    (message,) = shop.received
    with pytest.raises(WebhookVerificationError):
        Webhook(open_secret(endpoint)).verify(message.body + b" ", dict(message.headers))


def test_a_disabled_endpoint_hears_nothing_and_later_what_waited(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop.then(answering(500), ok), "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    disable_endpoint(endpoint_id=endpoint.pk)
    authorized_payment(eur(901), merchant=merchant)
    with later(minutes=1):
        assert deliver_due() == 0
        enable_endpoint(endpoint_id=endpoint.pk)
        assert deliver_due() == 1
    assert Event.objects.filter(type="payment.authorized").count() == 2


def test_another_merchant_and_the_other_mode_hear_nothing(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    listen(shop, "payment.authorized")
    authorized_payment(eur(900))
    authorized_payment(eur(900), merchant=merchant)
    assert deliver_due() == 1


def test_a_test_event_comes_whatever_is_listened_to_and_once(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop, "refund.failed")
    other = listen(shop)
    send_test(endpoint_id=endpoint.pk, version=0)
    assert send_test(endpoint_id=endpoint.pk, version=0) is None
    assert deliver_due() == 1
    told = shop.received[0].verified(open_secret(endpoint))
    assert told["type"] == "webhook.test"
    assert told["data"]["object"]["id"] == str(endpoint.pk)
    assert told["data"]["object"]["secret"] is None
    assert not Delivery.objects.filter(endpoint=other).exists()


def test_what_failed_is_delivered_again_by_hand(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop, "payment.authorized")
    authorized_payment(eur(900), merchant=merchant)
    deliver_due()
    redeliver(delivery_id=only_delivery().pk)
    assert deliver_due() == 1
    assert only_delivery().attempts == 2
    shop.then(answering(410))
    redeliver(delivery_id=only_delivery().pk)
    deliver_due()
    assert only_delivery().status == Status.FAILED
    enable_endpoint(endpoint_id=endpoint.pk)
    shop.then(ok)
    assert redeliver_failed(endpoint_id=endpoint.pk, since=clock.now() - timedelta(days=1)) == 1
    deliver_due()
    assert only_delivery().status == Status.DELIVERED
    assert len({one.id for one in shop.received}) == 1


def test_twenty_payments_all_arrive_at_a_receiver_that_fails_half_of_the_time(
    shop: Receiver, listen: Listen, merchant: Merchant
) -> None:
    endpoint = listen(shop)
    for minor in range(1_000, 1_020):
        captured_payment(eur(minor), merchant=merchant)
    begun = moment = clock.now()
    while Delivery.objects.exclude(status=Status.DELIVERED).exists() or moment == begun:
        failing = [ok if number % 2 else answering(500) for number in range(200)]
        with clock.at(moment):
            deliver_due()
            shop.then(*failing)
            deliver_due()
        moment += timedelta(minutes=10)
        assert moment < begun + timedelta(days=3), "some never arrived"
    events = set(Event.objects.values_list("pk", flat=True))
    assert {one.id for one in shop.received} == {f"msg_{pk.hex}" for pk in events}
    assert Delivery.objects.filter(endpoint=endpoint).count() == len(events)
    latest: dict[str, tuple[int, int]] = {}
    for one in reversed(shop.received):
        shown = json.loads(one.body)["data"]["object"]
        if shown["object"] == "payment":
            version = shown["version"], shown["amount_captured"]
            latest[shown["id"]] = max(latest.get(shown["id"], version), version)
    assert sorted(captured for _version, captured in latest.values()) == list(range(1_000, 1_020))
