"""Events on their way: sent out to those who listen, leased, tried, and tried again."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.card_numbers import scrub
from audit.command import command
from audit.encryption import seal_secret
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.webhooks.errors import endpoint_disabled, no_such_delivery
from payments.webhooks.models import Attempt, Delivery, Endpoint, Event, Health
from payments.webhooks.policy import AT_ONCE, GONE, is_given_up, next_try, wants
from payments.webhooks.queries import choose_due, has_failed_since, new_events

LEASE = timedelta(seconds=90)
MOST_ANNOUNCED = 100
MOST_AGAIN = 500
Status = Delivery.Status
NAMESPACE = uuid.UUID("6a0b8b52-5a5e-4d0c-9b1f-1f1a1f0f6d3e")


@dataclass(frozen=True, slots=True)
class Tried:
    """How one try went. `answer` is the beginning of what came back, `pause` what it asked for."""

    started_at: datetime
    duration_ms: int
    outcome: str
    request: str
    code: int | None = None
    answer: str = ""
    detail: str = ""
    pause: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        return self.outcome == Attempt.Outcome.DELIVERED


@command("webhooks.events.announced")
def announce_events(work: Work, *, limit: int = MOST_ANNOUNCED) -> int:
    """A delivery for each endpoint that wants one of the next new events; how many events.

    Two SELECTs. A repeat finds them done: the delivery of an event to an endpoint is made once.
    """
    events = work.load(new_events(limit))
    listening = _listening(events)
    for event in events:
        work.change(event, is_announced=True)
        for endpoint in listening[event.merchant_id, event.is_live]:
            # What happened before there was an endpoint is read at `/events`.
            if event.created_at >= endpoint.created_at and wants(endpoint.types, event.type):
                work.add(_delivery(event, endpoint, work.now))
    return len(events)


def _listening(events: list[Event]) -> dict[tuple[uuid.UUID, bool], list[Endpoint]]:
    found: dict[tuple[uuid.UUID, bool], list[Endpoint]] = defaultdict(list)
    if events:
        rows = Endpoint.objects.filter(
            merchant_id__in={one.merchant_id for one in events}, status=Endpoint.Status.ENABLED
        )
        for endpoint in rows.order_by("created_at", "pk"):
            found[endpoint.merchant_id, endpoint.is_live].append(endpoint)
    return found


def _delivery(event: Event, endpoint: Endpoint, now: datetime) -> Delivery:
    return Delivery(
        pk=uuid.uuid5(NAMESPACE, f"{event.pk}:{endpoint.pk}"),
        event=event,
        endpoint=endpoint,
        type=event.type,
        next_at=now,
        created_at=now,
    )


@command("webhooks.deliveries.leased")
def lease_deliveries(work: Work, *, limit: int) -> list[Delivery]:
    """Take up to `limit` deliveries that are due, a few of each endpoint; others keep off them
    until the lease runs out. As the outbox does."""
    chosen = choose_due(work.now, limit, AT_ONCE)
    if not chosen:
        return []
    rows = Delivery.objects.filter(pk__in=chosen).order_by("next_at", "pk")
    deliveries = work.load(rows.select_for_update(skip_locked=True))
    for delivery in deliveries:
        work.change(
            delivery,
            status=Status.SENDING,
            lease=uuid.uuid4(),
            leased_until=work.now + LEASE,
        )
    return deliveries


@command("webhooks.delivery.recorded")
def record_attempt(
    work: Work,
    *,
    delivery_id: uuid.UUID,
    lease: uuid.UUID | None,
    tried: Tried,
    chance: float,
) -> bool:
    """Keep how a try went, and say what comes next; False when the lease was lost meanwhile.

    Disables an endpoint that says it is gone, or that has taken nothing for three days.
    """
    delivery = work.load_one(Delivery.objects.filter(pk=delivery_id), no_such_delivery())
    if delivery.lease != lease or delivery.status != Status.SENDING:
        return False
    health = work.load_one(Health.objects.filter(endpoint_id=delivery.endpoint_id))
    number = delivery.attempts + 1
    work.add(_attempt(delivery, number, tried))
    tries = delivery.tries + 1
    again_at = None
    if not tried.is_delivered and tried.code != GONE:
        again_at = next_try(tries, work.now, chance, tried.pause)
    work.change(
        delivery,
        status=_status(tried, again_at),
        tries=tries,
        attempts=number,
        next_at=again_at or delivery.next_at,
        lease=None,
        leased_until=None,
        settled_at=None if again_at else work.now,
        last_outcome=tried.outcome,
        last_code=tried.code,
    )
    _follow_health(work, delivery, health, tried)
    return True


def _status(tried: Tried, again_at: datetime | None) -> str:
    if tried.is_delivered:
        return Status.DELIVERED
    return Status.WAITING if again_at else Status.FAILED


def _attempt(delivery: Delivery, number: int, tried: Tried) -> Attempt:
    attempt = Attempt(
        delivery=delivery,
        number=number,
        started_at=tried.started_at,
        duration_ms=tried.duration_ms,
        outcome=tried.outcome,
        code=tried.code,
        detail=scrub(tried.detail)[:80],
    )
    attempt.request = seal_secret(tried.request, place=attempt.place_of_request())
    if tried.answer:
        attempt.answer = seal_secret(scrub(tried.answer), place=attempt.place_of_answer())
    return attempt


def _follow_health(work: Work, delivery: Delivery, health: Health, tried: Tried) -> None:
    if tried.is_delivered:
        if health.failing_since is not None:
            work.change(health, failing_since=None)
        return
    if health.failing_since is None:
        work.change(health, failing_since=work.now)
    if tried.pause is not None:
        work.change(health, paused_until=work.now + tried.pause)
    reason = ""
    if tried.code == GONE:
        reason = Endpoint.Reason.GONE
    elif is_given_up(health.failing_since, work.now):
        reason = Endpoint.Reason.FAILING
    if reason:
        _disable(work, delivery.endpoint_id, reason)


def _disable(work: Work, endpoint_id: uuid.UUID, reason: str) -> None:
    endpoint = work.load_one(Endpoint.objects.filter(pk=endpoint_id))
    if endpoint.is_enabled:
        work.change(
            endpoint,
            event="webhooks.endpoint.given_up",
            status=Endpoint.Status.DISABLED,
            reason=reason,
            disabled_at=work.now,
        )


@command("webhooks.delivery.redelivered")
def redeliver(work: Work, *, delivery_id: uuid.UUID) -> Delivery:
    """Have an event delivered again, under the same id, whatever became of it before.

    One that is on its way is left alone. Refuses a disabled endpoint.
    """
    rows = Delivery.objects.filter(pk=delivery_id)
    delivery = work.load_one(rows, no_such_delivery(), also=["endpoint"])
    if not delivery.endpoint.is_enabled:
        raise endpoint_disabled()
    if delivery.status != Status.SENDING:
        _start_anew(work, delivery)
        work.record("webhooks.delivery.redelivered", obj=delivery, data={"type": delivery.type})
    return delivery


@command("webhooks.deliveries.redelivered")
def redeliver_failed(work: Work, *, endpoint_id: uuid.UUID, since: datetime) -> int:
    """Have all that an endpoint did not take since a moment delivered again: the oldest 500; how
    many they are."""
    rows = Endpoint.objects.filter(pk=endpoint_id)
    endpoint = work.load_one(rows)
    if not endpoint.is_enabled:
        raise endpoint_disabled()
    failed = work.load(has_failed_since(endpoint_id, since)[:MOST_AGAIN])
    if not failed:
        message = _("Nothing has failed since then.")
        raise Refusal("redelivery_nothing", message, Kind.CONFLICT)
    for delivery in failed:
        _start_anew(work, delivery)
    work.record("webhooks.deliveries.redelivered", obj=endpoint, data={"deliveries": len(failed)})
    return len(failed)


def _start_anew(work: Work, delivery: Delivery) -> None:
    work.change(delivery, status=Status.WAITING, tries=0, next_at=work.now, settled_at=None)


@command("webhooks.deliveries.tidied")
def tidy_deliveries(work: Work, *, kept_days: int, limit: int = 200) -> int:
    """Remove deliveries made more than `kept_days` ago, with their tries; how many.

    Events stay, as long as what they tell of. Two SELECTs.
    """
    old = Delivery.objects.filter(created_at__lt=work.now - timedelta(days=kept_days))
    deliveries = work.load(old.order_by("created_at", "pk")[:limit])
    if deliveries:
        for attempt in work.load(Attempt.objects.filter(delivery__in=deliveries).order_by("pk")):
            work.remove(attempt)
    for delivery in deliveries:
        work.remove(delivery)
    return len(deliveries)
