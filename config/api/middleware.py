"""The door of the API: a key instead of a session, and an answer in JSON whatever happens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from audit import clock, log
from audit.actor import Actor, ActorKind, acting_as
from audit.errors import Busy, OutcomeUnknown, RecordUnavailable, Refusal
from audit.models import Outcome
from config.access.snapshot import client_address
from config.api import problems
from config.api.commands import USED_EVERY, note_use
from config.api.limits import make_limits
from config.api.models import ApiKey
from config.api.parsing import MOST_BYTES
from config.api.policy import why_closed
from config.api.queries import find_by_secret
from config.api.scopes import permissions_of
from payments.parties.models import Merchant

logger = logging.getLogger(__name__)

OPEN = ("/api/v1/openapi.json", "/api/v1/docs")
NO_KEY = "Send your key: Authorization: Bearer ck_…"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key and its merchant. `owner` is whose idempotency keys are whose: all keys of
    a merchant in one mode, so that a key may be rotated between a call and its repeat."""

    key: ApiKey
    merchant: Merchant
    scopes: frozenset[str]

    @property
    def is_live(self) -> bool:
        return self.key.is_live

    @property
    def owner(self) -> str:
        return f"{self.merchant.reference}:{'live' if self.is_live else 'test'}"


class PolicyMiddleware:
    """The content security policy of every answer, put together once: nothing here has a nonce."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response[HEADER] = self.policy
        return response


class ApiMiddleware:
    """Takes the key, the actor and the limits before any operation of the API.

    One SELECT; now and then a command that notes the use of the key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.calls = make_limits(settings.API_RATE_PER_S, settings.API_BURST, "calls")
        self.strangers = make_limits(1.0, 60, "strangers")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(problems.PREFIX) or request.path_info in OPEN:
            return self.get_response(request)
        try:
            return _as_problem(request, self._enter(request))
        except Refusal as refusal:
            return problems.of_refusal(request, refusal)
        except (Busy, OutcomeUnknown, RecordUnavailable) as trouble:
            return problems.of_trouble(request, trouble)

    def _enter(self, request: HttpRequest) -> HttpResponseBase:
        if _length(request) > MOST_BYTES:
            return problems.problem(
                request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "At most 64 KiB."
            )
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise Refusal("text_unreadable", _("This text has characters that cannot be kept."))
        key = find_by_secret(_bearer(request))
        closed = "unknown" if key is None else why_closed(key, clock.now())
        if key is None or closed:
            return self._refuse(request, key, closed)
        wait_s = self.calls.wait_s(str(key.pk))
        if wait_s > 0:
            return _slow_down(request, wait_s)
        caller = Caller(key, key.merchant, frozenset(key.scopes))
        with acting_as(_actor(request, caller)) as actor:
            request.actor = actor  # type: ignore[attr-defined]
            request.auth = caller  # type: ignore[attr-defined]
            if key.last_used_at is None or key.last_used_at < clock.now() - USED_EVERY:
                note_use(key_id=key.pk)
            return self.get_response(request)

    def _refuse(self, request: HttpRequest, key: ApiKey | None, why: str) -> HttpResponse:
        """401, on record; a flood from one place is slowed down instead of filling the record."""
        wait_s = self.strangers.wait_s(client_address(request) or "nowhere")
        if wait_s > 0:
            return _slow_down(request, wait_s)
        log.record("api.key.refused", obj=key, outcome=Outcome.DENIED, data={"reason": why})
        response = problems.problem(
            request, HTTPStatus.UNAUTHORIZED, f"key_{why}", NO_KEY if key is None else "Closed."
        )
        response["WWW-Authenticate"] = 'Bearer realm="Comptoir"'
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What no operation expects, told in the API's own shape; Django still logs it."""
        if not request.path_info.startswith(problems.PREFIX):
            return None
        if isinstance(error, Refusal):
            return problems.of_refusal(request, error)
        if isinstance(error, Busy | OutcomeUnknown | RecordUnavailable):
            return problems.of_trouble(request, error)
        return None


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A method that an address does not take, told as all else is."""
    if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return response
    told = problems.problem(
        request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Not at this address."
    )
    told["Allow"] = response.headers.get("Allow", "")
    return told


def _bearer(request: HttpRequest) -> str:
    scheme, _blank, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _slow_down(request: HttpRequest, wait_s: float) -> HttpResponse:
    return problems.problem(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many calls: slow down.",
        retry_after_s=math.ceil(wait_s),
    )


def _actor(request: HttpRequest, caller: Caller) -> Actor:
    before: Any = getattr(request, "actor", None)
    return Actor(
        ActorKind.API_KEY,
        caller.key.reference,
        permissions=permissions_of(caller.scopes),
        request_id=getattr(request, "request_id", ""),
        address=before.address if before else client_address(request),
    )
