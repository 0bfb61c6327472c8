"""Who acts. Always one of six kinds, taken once at the edge and carried in a ContextVar.

An actor is a snapshot: the roles and permissions held at that moment, not those of tomorrow.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum

from audit.errors import NoActor


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"
    VISITOR = "visitor"
    OPERATOR = "operator"
    INSTALLER = "installer"


@dataclass(frozen=True, slots=True)
class Actor:
    """`label` is a public reference (never a name or an address), `user_id` is set for people."""

    kind: ActorKind
    label: str
    user_id: uuid.UUID | None = None
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = field(default=frozenset(), repr=False)
    request_id: str = ""
    address: str | None = None
    purpose: str = ""

    def may(self, permission: str) -> bool:
        """Whether the permission `app.codename` was held when the request began."""
        return permission in self.permissions

    def during(self, request_id: str) -> Actor:
        """The same actor in another request."""
        return replace(self, request_id=request_id)


def system(task: str, request_id: str = "") -> Actor:
    """A task of ours; it carries the request that asked for it."""
    return Actor(
        ActorKind.SYSTEM, task, request_id=request_id or _request.get() or new_request_id()
    )


def operator(command: str) -> Actor:
    """A person at the shell of the server, known only by the command."""
    return Actor(ActorKind.OPERATOR, command, request_id=new_request_id())


def installer() -> Actor:
    """The migrations and what they seed."""
    return Actor(ActorKind.INSTALLER, "migrate", request_id=new_request_id())


def new_request_id() -> str:
    """32 hex characters; unique and without meaning."""
    return uuid.uuid4().hex


_current: ContextVar[Actor | None] = ContextVar("actor", default=None)
_request: ContextVar[str] = ContextVar("request", default="")


def current_actor() -> Actor:
    """Who acts now; raises NoActor when nobody said so."""
    actor = _current.get()
    if actor is None:
        raise NoActor("no actor: wrap the call in acting_as()")
    return actor


def find_actor() -> Actor | None:
    """Who acts now, or None outside of any request, task or command."""
    return _current.get()


def current_request_id() -> str | None:
    """The request id of who acts now (django-auditlog asks for it), or of what runs here."""
    actor = _current.get()
    return actor.request_id if actor else _request.get() or None


def name_request(request_id: str) -> None:
    """What runs here from now on is this request, also before and after anybody acts in it."""
    _request.set(request_id)


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Everything inside is done by `actor`; the one before is back afterwards."""
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)
