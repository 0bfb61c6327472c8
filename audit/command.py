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
from typing import Any, Concatenate, Never, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

from audit import clock, log, outcomes
from audit.actor import Actor, current_actor
from audit.encryption import fingerprint
from audit.errors import Busy, OutcomeUnknown, RecordUnavailable, Refusal
from audit.flush import flush
from audit.models import Outcome
from audit.outcomes import Ending
from audit.work import Work

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 10
BASE_S = 0.004
LONGEST_S = 0.5
DEADLINE_S = 15.0

registry: dict[str, Callable[..., Any]] = {}
"""Every command by its event."""


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
        return run

    return decorate


def _run(spec: Spec, body: Callable[..., R], kwargs: dict[str, Any]) -> R:
    actor = current_actor()
    now = clock.now()
    key = kwargs.get("key") if spec.keyed else None
    print_ = fingerprint({k: v for k, v in kwargs.items() if k != "key"}) if key else ""
    started = time.monotonic()
    lost = False
    repeated_key = False
    for attempt in range(1, ATTEMPTS + 1):
        work = Work(actor, now, spec.event, key=key, fingerprint=print_)
        try:
            with transaction.atomic(durable=True):
                result = body(work, **kwargs)
                flush(work)
            return result
        except Refusal as refusal:
            tidy_connection()
            _record_denial(actor, work, refusal)
            raise
        except RecordUnavailable:
            tidy_connection()
            raise
        except BaseException as error:
            ending = outcomes.of(error) if _is_from_database(error) else Ending.BROKEN
            tidy_connection()
            if ending is Ending.REPEATED_KEY and not repeated_key:
                repeated_key = True
                continue
            if ending is Ending.LOST:
                if work.is_flushing and not key:
                    _record_ending(actor, work, error, Outcome.UNKNOWN)
                    raise OutcomeUnknown(spec.event) from error
                lost = lost or work.is_flushing
            elif ending is not Ending.CONFLICT:
                _give_up(actor, work, error, lost)
            logger.info("again: %s attempt %d %s", spec.event, attempt, ending.name.lower())
        if time.monotonic() - started > DEADLINE_S:
            break
        _wait(attempt)
    _record_ending(actor, work, None, Outcome.UNKNOWN if lost else Outcome.FAILED)
    if lost:
        raise OutcomeUnknown(spec.event)
    raise Busy(spec.event)


def _is_from_database(error: BaseException) -> bool:
    return isinstance(error, DatabaseError | InterfaceError | transaction.TransactionManagementError)


def _give_up(actor: Actor, work: Work, error: BaseException, lost: bool) -> Never:
    """Raise what cannot be cured by another attempt; never "failed" where one may have committed."""
    if isinstance(error, Exception):
        _record_ending(actor, work, error, Outcome.UNKNOWN if lost else Outcome.FAILED)
        if lost:
            raise OutcomeUnknown(work.event) from error
    raise error


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


def _record_denial(actor: Actor, work: Work, refusal: Refusal) -> None:
    about = refusal.about if refusal.about is not None else work.first_loaded()
    log.write(
        [
            log.make_entry(
                actor,
                work.event,
                outcome=Outcome.DENIED,
                obj=about,
                data={"refusal": refusal.code},
                command_id=work.command_id,
                effective_at=work.now,
            )
        ]
    )


def _record_ending(
    actor: Actor, work: Work, error: BaseException | None, outcome: Outcome
) -> None:
    # The error's text may quote data; its class does not.
    data = {"error": type(error).__name__ if error else "busy"}
    entry = log.make_entry(
        actor,
        work.event,
        outcome=outcome,
        obj=work.first_loaded(),
        data=data,
        command_id=work.command_id,
        effective_at=work.now,
    )
    try:
        log.write([entry])
    except (DatabaseError, InterfaceError, RecordUnavailable):
        logger.exception("the end of %s could not be put on record", work.event)


