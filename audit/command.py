"""`@command`: the outermost transaction, done again as long as the database asks for it.

What ends a command, and what is done about it:

| happens                                              | done                                    |
|------------------------------------------------------|-----------------------------------------|
| a conflict (40001, 40P01, SQLite busy)               | the whole body again, full jitter       |
| another one with the same key was faster             | the body once more: its replay answers  |
| a refusal                                            | rolled back, the denial put on record   |
| lost connection or 40003 during the flush or COMMIT  | again if there is a key, else unknown   |
| anything else                                        | rolled back, put on record, raised      |
"""

from __future__ import annotations

import functools
import inspect
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

from audit import clock, companions, log, outcomes
from audit.actor import current_actor
from audit.encryption import fingerprint
from audit.errors import Busy, OutcomeUnknown, RecordUnavailable, Refusal, Unreachable
from audit.flush import flush
from audit.measures import COMMANDS, CONFLICTS
from audit.models import Outcome
from audit.outcomes import Ending
from audit.work import Work

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 20
BASE_S = 0.004
LONGEST_S = 0.5
DEADLINE_S = 15.0

FROM_DATABASE = (DatabaseError, InterfaceError, transaction.TransactionManagementError)

registry: dict[str, Callable[..., Any]] = {}
"""Every command by its event."""

money: set[str] = set()
"""The events of those that move money."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What the decorator was told."""

    event: str
    keyed: bool


def command(
    event: str, *, moves_money: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[P, R]]:
    """Make a use case of a body that takes a `Work` first and keywords after.

    `event` names it in the log (`payments.refund.requested`). A body with a parameter `key` is
    idempotent by it; a command that moves money must have one. Ids go in, never instances.
    """

    def decorate(body: Callable[Concatenate[Work, P], R]) -> Callable[P, R]:
        parameters = list(inspect.signature(body).parameters.values())[1:]
        if any(one.kind is not one.KEYWORD_ONLY for one in parameters):
            raise TypeError(f"{body.__name__}: a command takes keywords only")
        keyed = any(one.name == "key" for one in parameters)
        if moves_money and not keyed:
            raise TypeError(f"{body.__name__}: a command that moves money needs a key")
        spec = Spec(event, keyed)

        @functools.wraps(body)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            return _run(spec, body, kwargs)

        registry[event] = run
        if moves_money:
            money.add(event)
        return run

    return decorate


def _run(spec: Spec, body: Callable[..., R], kwargs: dict[str, Any]) -> R:
    run = Run(spec, kwargs)
    deadline = time.monotonic() + DEADLINE_S
    for attempt in range(1, ATTEMPTS + 1):
        work = run.new_work()
        try:
            with transaction.atomic(durable=True):
                result = body(work, **kwargs)
                companions.follow(work)
                run.bring_company(work, result)
                flush(work)
        except BaseException as error:  # noqa: BLE001
            # Before anything else: whatever is written next needs a clean connection.
            tidy_connection()
            run.end_or_go_on(work, error)
            CONFLICTS.labels(spec.event).inc()
            logger.info("again: %s after attempt %d", spec.event, attempt)
        else:
            COMMANDS.labels(spec.event, "done").inc()
            run.tell_company(work)
            return result
        if time.monotonic() > deadline:
            break
        _wait(attempt)
    raise run.out_of_attempts()


class Run:
    """One call of a command: what stays the same in all its attempts, and what they met."""

    def __init__(self, spec: Spec, kwargs: dict[str, Any]) -> None:
        self.event = spec.event
        self.actor = current_actor()
        self.now = clock.now()
        self.key: str | None = kwargs["key"] if spec.keyed else None
        given = {name: value for name, value in kwargs.items() if name != "key"}
        self.fingerprint = fingerprint(given) if self.key else ""
        self.is_lost = False
        self.is_cut_off = False
        self.met_rival = False
        self.company = companions.claim()

    def bring_company(self, work: Work, result: Any) -> None:
        """What the caller wants written in the same transaction; a replay wrote it before."""
        if self.company is not None and not work.was_replayed:
            self.company.companion(work, result)

    def tell_company(self, work: Work) -> None:
        """Whether it went along."""
        if self.company is not None:
            self.company.went_along = not work.was_replayed

    def new_work(self) -> Work:
        return Work(self.actor, self.now, self.event, key=self.key, fingerprint=self.fingerprint)

    def end_or_go_on(self, work: Work, error: BaseException) -> None:
        """Raise what ends the command; return when the body is to run again."""
        if isinstance(error, Refusal):
            COMMANDS.labels(self.event, "denied").inc()
            _record_denial(work, error)
            raise error
        if isinstance(error, RecordUnavailable) or not isinstance(error, Exception):
            raise error
        ending = outcomes.of(error) if isinstance(error, FROM_DATABASE) else Ending.BROKEN
        self.is_cut_off = ending is Ending.LOST
        if ending is Ending.CONFLICT:
            return
        if ending is Ending.REPEATED_KEY and not self.met_rival:
            self.met_rival = True
            return
        if ending is Ending.LOST:
            # Before the flush nothing was sent that a lost connection could have committed.
            self.is_lost = self.is_lost or work.is_flushing
            if self.key is not None or not work.is_flushing:
                return
        self._record(work, error)
        if self.is_lost:
            raise OutcomeUnknown(self.event) from error
        raise error

    def out_of_attempts(self) -> Exception:
        """Busy or cut off; or unknown when one of the attempts may have been committed."""
        self._record(self.new_work(), None)
        if self.is_lost:
            return OutcomeUnknown(self.event)
        return Unreachable(self.event) if self.is_cut_off else Busy(self.event)

    def _record(self, work: Work, error: Exception | None) -> None:
        outcome = Outcome.UNKNOWN if self.is_lost else Outcome.FAILED
        is_busy = error is None and not self.is_lost
        COMMANDS.labels(self.event, "busy" if is_busy else outcome.value).inc()
        _record_ending(work, error, outcome)


def _wait(attempt: int) -> None:
    # Full jitter: without it the losers of one conflict meet again in the next.
    time.sleep(random.uniform(0, min(LONGEST_S, BASE_S * 2**attempt)))  # noqa: S311


def tidy_connection() -> None:
    """Keep the connection only when its driver says that it is clean; else close it."""
    if connection.in_atomic_block or connection.connection is None:
        return
    driver = connection.connection
    info = getattr(driver, "info", None)
    if info is None:
        return
    from psycopg.pq import ConnStatus, PipelineStatus, TransactionStatus

    clean = (
        not driver.closed
        and info.status == ConnStatus.OK
        and info.pipeline_status == PipelineStatus.OFF
        and info.transaction_status == TransactionStatus.IDLE
    )
    if not clean:
        connection.close()


def _record_denial(work: Work, refusal: Refusal) -> None:
    about = refusal.about if refusal.about is not None else work.first_loaded()
    log.write(
        [
            log.make_entry(
                work.actor,
                work.event,
                outcome=Outcome.DENIED,
                obj=about,
                data={"refusal": refusal.code},
                command_id=work.command_id,
                effective_at=work.now,
            )
        ]
    )


def _record_ending(work: Work, error: Exception | None, outcome: Outcome) -> None:
    try:
        # Naming the object may ask the database, too.
        entry = log.make_entry(
            work.actor,
            work.event,
            outcome=outcome,
            obj=work.first_loaded(),
            # The error's text may quote data; its class does not.
            data={"error": type(error).__name__ if error else "busy"},
            command_id=work.command_id,
            effective_at=work.now,
        )
        log.write([entry])
    except (DatabaseError, InterfaceError, RecordUnavailable):
        logger.exception("the end of %s could not be put on record", work.event)
