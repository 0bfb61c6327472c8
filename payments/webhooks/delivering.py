"""The loop that delivers: one thread that asks and records, and a pool that only sends.

Nothing of payments waits for it: it leases from a queue of its own, in a thread of its own. No
endpoint waits for another: of each no more than `AT_ONCE` deliveries are on their way, and the
pool has many more threads. A process that dies leaves leases that run out; what it sent and did
not record is sent again, under the same id.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connections

from audit import clock
from audit.actor import acting_as, system
from audit.encryption import DecryptionFailed, unseal_secret
from audit.errors import Busy, OutcomeUnknown
from audit.measures import WEBHOOKS
from payments.webhooks import registry
from payments.webhooks.commands.deliveries import (
    Tried,
    announce_events,
    lease_deliveries,
    record_attempt,
)
from payments.webhooks.models import Attempt, Delivery, Endpoint
from payments.webhooks.policy import pause_of, sign
from payments.webhooks.presenting import body_of, open_secret
from payments.webhooks.queries import has_new_events, list_deliveries, ready
from payments.webhooks.sending import Answer, post

logger = logging.getLogger(__name__)

THREADS = 16
AGENT = "Comptoir-Webhooks/1"
LOOK_S = 0.5
"""So often it looks for more while something is on its way."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a thread of the pool needs to send, and what is needed to record it."""

    delivery: Delivery
    url: str
    body: str
    headers: dict[str, str]
    packed_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back, and after how long."""

    answer: Answer
    duration_ms: int


def deliver_due(threads: int = THREADS) -> int:
    """Send new events on their way, and try what is due until nothing is; how many tries.

    Costs a command for each batch of events, one for each lease, one for each try.
    """
    tried = 0
    flying: dict[Future[Sent], Parcel] = {}
    with (
        acting_as(system("webhooks.deliver")),
        ThreadPoolExecutor(threads, thread_name_prefix="webhooks") as pool,
    ):
        while True:
            while has_new_events() and announce_events():
                pass
            for parcel in pack(_lease(threads - len(flying))):
                flying[pool.submit(send, parcel)] = parcel
            if not flying:
                return tried
            done, _still = wait(flying, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                parcel, sent = flying.pop(future), future.result()
                record(parcel, tried_by(parcel, sent))
                tried += 1


def _lease(room: int) -> list[Delivery]:
    # The look costs less than a transaction that finds nothing.
    if not room or not ready(clock.now()).exists():
        return []
    return lease_deliveries(limit=room)


def pack(leased: list[Delivery]) -> list[Parcel]:
    """Deliveries with their signed requests. The objects are presented as they are now."""
    if not leased:
        return []
    rows = list(list_deliveries().filter(pk__in=[one.pk for one in leased]))
    shown = registry.present((one.event.object_kind, one.event.object_id) for one in rows)
    parcels = []
    for one in rows:
        body = body_of(one.event, shown.get(one.event.object_id))
        try:
            parcels.append(_packed(one, body))
        except DecryptionFailed:
            unsigned = Parcel(one, one.endpoint.url, body, {}, clock.now())
            answer = Answer(Attempt.Outcome.UNREACHABLE, detail="the secret does not open")
            record(unsigned, tried_by(unsigned, Sent(answer, 0)))
    return parcels


def _packed(delivery: Delivery, body: str) -> Parcel:
    now = clock.now()
    message_id = f"msg_{delivery.event_id.hex}"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign(_keys(delivery.endpoint), message_id, now, body),
    }
    return Parcel(delivery, delivery.endpoint.url, body, headers, now)


def _keys(endpoint: Endpoint) -> list[str]:
    """The secrets that sign: the present one, and the one before while its time is not over."""
    keys = [open_secret(endpoint)]
    ends_at = endpoint.old_secret_until
    if endpoint.old_secret and ends_at is not None and ends_at > clock.now():
        keys.append(unseal_secret(endpoint.old_secret, place=endpoint.place_of_old_secret()))
    return keys


def send(parcel: Parcel) -> Sent:
    """Send it: all that a thread of the pool does. Asks the database nothing."""
    begun = time.monotonic()
    body = parcel.body.encode("ascii")
    answer = post(parcel.url, body, parcel.headers, settings.WEBHOOKS_TIMEOUT_S)
    return Sent(answer, int((time.monotonic() - begun) * 1000))


def tried_by(parcel: Parcel, sent: Sent) -> Tried:
    """How it went, as it is kept."""
    answer = sent.answer
    return Tried(
        started_at=parcel.packed_at,
        duration_ms=sent.duration_ms,
        outcome=answer.outcome,
        request=_as_sent(parcel),
        code=answer.code,
        answer=answer.body,
        detail=answer.detail,
        pause=pause_of(answer.code, answer.retry_after, clock.now()),
    )


def _as_sent(parcel: Parcel) -> str:
    """The request for the log of deliveries, without the signature."""
    shown = {**parcel.headers, "webhook-signature": "v1,•••"}
    lines = [f"{name}: {value}" for name, value in shown.items()]
    return "\n".join([*lines, "", parcel.body])


def record(parcel: Parcel, tried: Tried) -> None:
    """Keep how it went. When that is not possible now, the lease runs out and it is sent again."""
    WEBHOOKS.labels(tried.outcome).inc()
    try:
        record_attempt(
            delivery_id=parcel.delivery.pk,
            lease=parcel.delivery.lease,
            tried=tried,
            chance=random.random(),  # noqa: S311
        )
    except (Busy, OutcomeUnknown) as trouble:
        logger.warning("a try was not recorded: %s", type(trouble).__name__)


class Postman:
    """The thread of a process that delivers. Waking it costs nothing and waits for nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_out = False
        self._is_called = False

    def wake(self) -> None:
        """Have what is due delivered: by the thread that is at it, or by a new one."""
        with self._lock:
            self._is_called = True
            if self._is_out:
                return
            self._is_out = True
        threading.Thread(target=self._go, name="postman", daemon=True).start()

    def _go(self) -> None:
        while self._goes_on():
            try:
                deliver_due()
            except Exception:
                # The edge of the thread: the clock wakes it again.
                logger.exception("delivering stopped")
            finally:
                connections["default"].close_if_unusable_or_obsolete()

    def _goes_on(self) -> bool:
        with self._lock:
            self._is_out, self._is_called = self._is_called, False
            return self._is_out


postman = Postman()
