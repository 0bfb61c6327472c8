import json
import sys
import time
import traceback

from .calls import Call, Question
from .control import run_control
from .errors import CallError
from .faults import BEFORE, Fault, Kind, falsify_amounts, replace_id, replace_status
from .fields import Fields
from .idempotency import check_key, find_answer, fingerprint, previous_id, remember
from .messages import Delivery, Reply, Request, answer, refusal
from .parts import Parts
from .routes import Read, Write, find_route

LISTENER = "/listener/"
"""Not the provider's: somebody to tell, for whoever tries out sending. `broken` always fails."""


class Provider:
    """Answers requests; knows nothing of sockets."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, request: Request) -> Reply:
        """The reply to a request, whatever it holds."""
        try:
            return self._answer(request)
        except CallError as error:
            return refusal(error)
        except Exception:  # noqa: BLE001, the edge: one call must not end the process
            traceback.print_exc(file=sys.stderr)
            return refusal(CallError(500, "internal_error", "The sandbox itself went wrong."))

    def _answer(self, request: Request) -> Reply:
        if request.path == "/healthz" and request.method == "GET":
            return answer(200, {"status": "ok"})
        if request.path.startswith(LISTENER) and request.method == "POST":
            return _listen(request.path)
        if request.path.startswith("/control/"):
            view = run_control(
                self._parts, request.method, request.path, request.query, request.body
            )
            self._parts.sender.wake()
            return answer(200, view)
        does, target = find_route(request.method, request.path)
        fault = self._parts.faults.take(does.operation, request.fault)
        if fault is not None and fault.kind in BEFORE:
            return _fail_before(fault)
        return self._spoil(fault, self._run(does, target, request, fault))

    def _run(self, does: Write | Read, target: str, request: Request, fault: Fault | None) -> Reply:
        try:
            if isinstance(does, Write):
                return self._write(does, target, request, fault)
            _hang(fault)
            return self._read(does, target, request)
        except CallError as error:
            return refusal(error)

    def _read(self, read: Read, target: str, request: Request) -> Reply:
        parts = self._parts
        with parts.store.reading() as db:
            question = Question(db, target, request.query, parts.clock.now(), parts.keys.holds)
            return answer(200, read.run(question))

    def _write(self, write: Write, target: str, request: Request, fault: Fault | None) -> Reply:
        """Run a call once per key: its effect and its answer are stored together."""
        parts = self._parts
        key = check_key(request.key)
        fields = Fields.read(request.body, write.fields)
        print_of_call = fingerprint(request.path, fields.canonical())
        with parts.keys.claim(key):
            _hang(fault)
            with parts.store.writing() as db:
                stored = find_answer(db, key, print_of_call)
                if stored is not None:
                    return Reply(201, stored.encode(), {"Idempotent-Replayed": "true"})
                at, quiet = parts.moment_of(fields)
                made = write.run(Call(db, target, fields, at, quiet, key))
                text = remember(db, key, request.path, print_of_call, made, at)
        parts.sender.wake()
        return Reply(201, text.encode())

    def _spoil(self, fault: Fault | None, reply: Reply) -> Reply:
        """Let go wrong what goes wrong after the effect."""
        if fault is None or fault.kind is Kind.HANG:
            return reply
        if fault.kind is Kind.TIMEOUT_AFTER:
            return Reply(0, b"", {}, Delivery.SILENCE, fault.seconds)
        if fault.kind is Kind.ERROR_AFTER:
            return _server_error()
        if fault.kind is Kind.TRUNCATED_JSON:
            return reply.with_body(reply.body[: len(reply.body) // 2])
        if fault.kind is Kind.WRONG_AMOUNT:
            return reply.with_body(falsify_amounts(reply.body))
        if fault.kind is Kind.UNKNOWN_STATUS:
            return reply.with_body(replace_status(reply.body))
        with self._parts.store.reading() as db:
            other = previous_id(db, json.loads(reply.body))
        return reply.with_body(replace_id(reply.body, other)) if other else reply


def _listen(path: str) -> Reply:
    if path.removeprefix(LISTENER) == "broken":
        return refusal(CallError(500, "broken", "This listener is broken, and is meant to be."))
    return answer(200, {"received": True})


def _hang(fault: Fault | None) -> None:
    if fault is not None and fault.kind is Kind.HANG:
        time.sleep(fault.seconds)


def _fail_before(fault: Fault) -> Reply:
    if fault.kind is Kind.NO_CONNECTION:
        return Reply(0, b"", {}, Delivery.DROP)
    if fault.kind is Kind.TIMEOUT_BEFORE:
        return Reply(0, b"", {}, Delivery.SILENCE, fault.seconds)
    if fault.kind is Kind.TOO_MANY:
        wait = {"Retry-After": str(round(fault.seconds))}
        return refusal(CallError(429, "rate_limited", "Too many calls; wait a little.", wait))
    if fault.kind is Kind.REFUSED:
        return refusal(CallError(422, "not_now", "Not now."))
    return _server_error()


def _server_error() -> Reply:
    return refusal(CallError(500, "internal_error", "Something went wrong at the provider."))
