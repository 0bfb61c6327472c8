"""What an operation may ask of its caller; who that is, the edge has found out before."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from audit.errors import Kind, Refusal
from audit.idempotency.answers import Presented
from audit.idempotency.http import once
from audit.outbox.inline import at_once
from audit.work import Work
from payments.parties.models import Merchant

Row = TypeVar("Row")


class Caller(Protocol):
    """A merchant's system, for tests or for real (`is_live`): these are two worlds that share
    nothing but the merchant. `owner` is whose idempotency keys these are."""

    @property
    def merchant(self) -> Merchant: ...

    @property
    def scopes(self) -> Collection[str]: ...

    @property
    def is_live(self) -> bool: ...

    @property
    def owner(self) -> str: ...


class Scope(HttpBearer):
    """Only for a key with this scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        caller = caller_of(request)
        if self.scope not in caller.scopes:
            message = _("This key does not have the scope %(scope)s.") % {"scope": self.scope}
            raise Refusal("scope_missing", message, Kind.FORBIDDEN, scope=self.scope)
        return caller


def caller_of(request: HttpRequest) -> Caller:
    """Who calls."""
    return cast("Caller", request.auth)  # type: ignore[attr-defined]


def once_for(
    request: HttpRequest,
    kind: str,
    run: Callable[[str], Row],
    about: Callable[[Row], uuid.UUID],
    tell: Callable[[Work, Row], Presented | None] | None = None,
) -> HttpResponse:
    """Once by the caller's Idempotency-Key (see `audit.idempotency.http.once`), waiting for the
    provider no longer than API_WAIT_S.

    The body counts as it was sent, so that a field that is new with us changes nothing for a
    repeat.
    """
    body = getattr(request, "json_body", {})
    waiting = at_once(settings.API_WAIT_S)
    return once(request, caller_of(request).owner, kind, body, run, about, waiting, tell)
