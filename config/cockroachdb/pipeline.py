"""BEGIN, the statements of a flush and COMMIT, without waiting in between.

A transaction costs a round trip for each statement, and two for BEGIN and COMMIT. Here BEGIN is
only *owed* until the first statement, with which it goes out, and a flush sends all its
statements with COMMIT as one pipeline. `transaction.atomic` is what it always was: the driver's
own `commit()` then finds nothing left to do.

Nothing can be looked at between the statements of a pipeline, so a condition is part of its
statement (`asserting`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import DatabaseError
from django.db.backends.postgresql.base import CursorMixin
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from django_cockroachdb import base as stock
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, TransactionStatus
from psycopg.types.numeric import Int8

from .line import in_one_piece, is_silent
from .loading import load_moments_fast

OPEN = {TransactionStatus.INTRANS, TransactionStatus.INERROR}
TIDY = {TransactionStatus.IDLE, *OPEN}

Driver = psycopg.Connection[Any]


class Sendable(Protocol):
    """A statement of a flush."""

    sql: str
    params: Sequence[Any]
    touches: int | None

    def told(self, error: DatabaseError) -> Exception:
        """What the failure of this statement means to the one who asked for it."""


class Begin:
    """The BEGIN that a connection may owe. Its driver stays in autocommit."""

    def __init__(self) -> None:
        self.is_owed = False
        self.maybe_prepared = 0
        """How many statements were prepared since it was owed, as far as we know."""

    def before(self, driver: Driver, query: str) -> str:
        """The query with the BEGIN before it, which is owed no more."""
        self.is_owed = False
        level = driver.isolation_level
        how = f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level is not None else ""
        return f"BEGIN{how}; {query}"

    def pay(self, driver: Driver) -> None:
        """Send it alone if it is owed; inside a pipeline that waits for nothing."""
        if self.is_owed:
            psycopg.Cursor(driver).execute(self.before(driver, "").encode(), prepare=False)


def close_unless_tidy(driver: Driver) -> None:
    """Keep a connection only when a ROLLBACK is all it takes to use it again."""
    info = driver.info
    is_tidy = (
        not driver.closed
        and info.status == ConnStatus.OK
        and info.pipeline_status == PipelineStatus.OFF
        and info.transaction_status in TIDY
    )
    if not is_tidy:
        driver.close()


class BeginningCursor(CursorMixin, psycopg.ClientCursor[Any]):
    """Sends the BEGIN that its connection owes with its own first statement."""

    begin: Begin

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if not self.begin.is_owed:
            return super().execute(query, params, **options)
        if not isinstance(query, str):
            self.begin.pay(self.connection)
            return super().execute(query, params, **options)
        # Both in one message; the results of BEGIN are passed over.
        super().execute(self.begin.before(self.connection, query), params, **options)
        self.nextset()
        return self

    def executemany(self, *args: Any, **options: Any) -> None:
        self.begin.pay(self.connection)
        super().executemany(*args, **options)

    def stream(self, *args: Any, **options: Any) -> Any:
        self.begin.pay(self.connection)
        return super().stream(*args, **options)

    def copy(self, *args: Any, **options: Any) -> Any:
        # COPY does not come through execute().
        self.begin.pay(self.connection)
        return super().copy(*args, **options)


class PreparingCursor(psycopg.Cursor[Any]):
    """Sends the values apart from the statement, which the server prepares and keeps."""

    def __init__(self, connection: Driver, begin: Begin) -> None:
        super().__init__(connection)
        self.begin = begin
        begin.maybe_prepared += 1

    def _get_prepared(self, *asked: Any) -> Any:
        # psycopg's own seam for a cursor that prepares in another way. If it went away, we would
        # not know, and forget what is prepared at each ROLLBACK, as psycopg does.
        found = super()._get_prepared(*asked)
        if found[0].name != "SHOULD":
            self.begin.maybe_prepared -= 1
        return found


@lru_cache(maxsize=512)
def asserting(sql: str, touches: int) -> str:
    """A write that fails with 22012 (division by zero) unless it touches so many rows."""
    return (
        f"WITH touched AS ({sql} RETURNING 1) "  # noqa: S608
        f"SELECT 1 / (count(*) = {touches})::int FROM touched"
    )


class PipelinedWrapper(stock.DatabaseWrapper):  # type: ignore[misc]
    """The setting `DATABASE_PIPELINE` turns it off."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.begin = Begin()
        self.has_committed = False
        self.is_pipelined: bool = getattr(settings, "DATABASE_PIPELINE", True)
        if self.is_pipelined:
            # Django begins a transaction through this, where a backend has it.
            self._start_transaction_under_autocommit = self._owe_begin

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.is_pipelined:
            # Only a flush prepares its statements: the ORM binds on the client's side.
            params["prepare_threshold"] = self.settings_dict["OPTIONS"].get("prepare_threshold", 1)

            def cursor_of(driver: Driver, **options: Any) -> BeginningCursor:
                cursor = BeginningCursor(driver, **options)
                cursor.begin = self.begin
                return cursor

            params["cursor_factory"] = cursor_of
        return params

    def get_new_connection(self, params: dict[str, Any]) -> Any:
        self.begin.is_owed = self.has_committed = False
        driver = super().get_new_connection(params)
        if self.timezone is dt.UTC:
            load_moments_fast(driver)
        return driver

    def is_usable(self) -> bool:
        """Whether the connection is there still. Django asks at the first use in a request, with a
        SELECT, which is a whole round trip: a line on which nothing has come is taken for one that
        nobody has hung up."""
        if self.connection is not None and not self.errors_occurred and is_silent(self.connection):
            return True
        return bool(super().is_usable())

    def _look_after(self) -> None:
        """What Django does for each cursor of its own."""
        if not self.in_atomic_block:
            self.close_if_health_check_failed()
        self.ensure_connection()

    def create_cursor(self, name: str | None = None) -> Any:
        if name and self.begin.is_owed:
            with self.wrap_database_errors:
                self.begin.pay(self.connection)
        return super().create_cursor(name)

    def preparing_cursor(self, *, apart: bool = False) -> Any:
        """For a statement that comes again and again. The first of a transaction is not prepared:
        it takes BEGIN with it, unless it is to be `apart`, before the transaction."""
        if not self.is_pipelined or (self.begin.is_owed and not apart):
            return self.cursor()
        self._look_after()
        return self._prepare_cursor(PreparingCursor(self.connection, self.begin))

    def _owe_begin(self) -> None:
        with debug_transaction(self, "BEGIN"):
            self.begin.is_owed = True
            self.begin.maybe_prepared = 0

    def _commit(self) -> Any:
        self.begin.is_owed = self.has_committed = False
        return super()._commit()

    def _rollback(self) -> Any:
        self.begin.is_owed = self.has_committed = False
        if not self._has_rolled_back_quietly():
            super()._rollback()

    def _has_rolled_back_quietly(self) -> bool:
        """psycopg's own ROLLBACK forgets, and has the server forget, all that is prepared: it might
        be of what the transaction made. A transaction that prepared nothing leaves nothing to
        forget, and who tries again after a conflict would pay for all of it."""
        driver = self.connection
        if driver is None or self.begin.maybe_prepared:
            return False
        info = driver.info
        if info.pipeline_status != PipelineStatus.OFF or info.transaction_status not in OPEN:
            return False
        with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
            return bool(driver.pgconn.exec_(b"ROLLBACK").status == ExecStatus.COMMAND_OK)

    def validate_no_broken_transaction(self) -> None:
        super().validate_no_broken_transaction()
        if self.has_committed:
            raise TransactionManagementError("The flush has committed: it comes last.")

    def ask_together(self, selects: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
        """The rows of each SELECT, after one wait. A BEGIN that is owed goes out before them."""
        sent: list[PreparingCursor] = []
        self._look_after()
        self.validate_no_broken_transaction()
        try:
            with self.wrap_database_errors:
                driver: Driver = self.connection
                with in_one_piece(driver):
                    self.begin.pay(driver)
                    for sql, params in selects:
                        sent.append(PreparingCursor(self.connection, self.begin))
                        self._prepare_cursor(sent[-1]).execute(sql, params)
                return [cursor.fetchall() for cursor in sent]
        except BaseException:
            close_unless_tidy(self.connection)
            raise

    def send_together(self, statements: Sequence[Sendable]) -> None:
        """All of it as one pipeline, and COMMIT too when no savepoint is open.

        Each statement goes through the execute wrappers, as it is queued. The first to fail is
        the one that tells what its error means.
        """
        sent: list[PreparingCursor] = []
        self._look_after()
        self.validate_no_broken_transaction()
        try:
            with self.wrap_database_errors:
                self._send(statements, sent)
        except DatabaseError as error:
            close_unless_tidy(self.connection)
            failed = [
                one
                for one, cursor in zip(statements, sent, strict=False)
                if not cursor.statusmessage
            ]
            if failed and (told := failed[0].told(error)) is not error:
                raise told from error
            raise
        except BaseException:
            close_unless_tidy(self.connection)
            raise

    def _send(self, statements: Sequence[Sendable], sent: list[PreparingCursor]) -> None:
        driver: Driver = self.connection
        is_last = self.in_atomic_block and self.commit_on_exit and len(self.atomic_blocks) == 1
        with in_one_piece(driver):
            self.begin.pay(driver)
            for statement in statements:
                cursor = PreparingCursor(self.connection, self.begin)
                sent.append(cursor)
                sql = statement.sql
                if statement.touches is not None:
                    sql = asserting(sql, statement.touches)
                # One width, so that a statement is prepared once and not for each size of number.
                params = [Int8(one) if type(one) is int else one for one in statement.params]
                self._prepare_cursor(cursor).execute(sql, params)
            commit = self._send_commit() if is_last else None
        if commit is not None:
            if commit.statusmessage != "COMMIT":
                raise psycopg.errors.InFailedSqlTransaction("COMMIT was a rollback")
            self.has_committed = True

    def _send_commit(self) -> psycopg.Cursor[Any]:
        return psycopg.Cursor(self.connection).execute("COMMIT", prepare=False)
