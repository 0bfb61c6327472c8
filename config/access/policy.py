"""Who may give which role to whom, and why not. Pure: it reads nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from config.access.roles import ASSIGN, GRANTABLE, GRANTING, JOBS, MONEY

NO_SUCH_ROLE = _("There is no such role.")
SELF = _("Nobody changes his own roles. Ask another administrator.")
SUPERUSER_ONLY = _("Only a superuser makes or changes a superuser.")
ADDRESS = _("Only the person himself, or a superuser, changes an address.")
BY_ACT = _("An account is opened and shut by the buttons below, with a reason.")
ROLE_NAME = _("This role belongs to the house and keeps its name.")
NOT_HELD = _("You cannot give “%(what)s”: it holds permissions you do not hold yourself.")
OUTSIDE = _("You cannot give “%(what)s”: it holds permissions that no role has.")
TOXIC_JOBS = _(
    "Running background work again and moving money must not be in one hand: "
    "give these roles to two people."
)
TOXIC = _(
    "Deciding who may do what and moving money must not be in one hand: "
    "give these roles to two people."
)


def role_needs_factor(permissions: Iterable[str], said: bool | None, *, by_default: bool) -> bool:
    """Whether a role asks for a second factor: as an administrator said, else by what it may do.

    `by_default` is whether the house asks it of roles that handle money or access.
    """
    if said is not None:
        return said
    return by_default and bool(frozenset(permissions) & (MONEY | GRANTING))


@dataclass(frozen=True, slots=True)
class Grant:
    """A role as it stands in the database: a group, and what it holds."""

    name: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something may not be given. `code` is for the record, `reason` for the person."""

    code: str
    reason: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sets of permissions that one person must not hold together."""

    left: frozenset[str]
    right: frozenset[str]
    reason: Any


PAIRS: tuple[Pair, ...] = (
    Pair(GRANTING, MONEY, TOXIC),
    Pair(JOBS, MONEY, TOXIC_JOBS),
)
"""Asking for a refund and approving one is no pair here: nobody ever decides on his own request,
which a CHECK holds (decision 0014). Superusers hold everything; so does that decision say why."""


def toxic_pair(permissions: Iterable[str]) -> Any | None:
    """Why these permissions must not be held by one person, or None when they may."""
    held = frozenset(permissions)
    return next((one.reason for one in PAIRS if held & one.left and held & one.right), None)


def roles_decision(
    actor: Actor,
    person_id: uuid.UUID,
    *,
    is_superuser: bool,
    added: Iterable[Grant],
    kept: Iterable[Grant],
    removed: Iterable[Grant] = (),
    by_superuser: bool,
) -> list[Refused]:
    """Whether `actor` may leave a person with `kept` and `added` roles; empty when he may."""
    given, taken = list(added), list(removed)
    refused: list[Refused] = []
    if (given or taken) and actor.user_id == person_id:
        refused.append(Refused("own_roles", SELF))
    if is_superuser and not by_superuser:
        refused.append(Refused("superuser", SUPERUSER_ONLY))
    for grant in given:
        refused += permissions_decision(
            actor, grant.name, grant.permissions, by_superuser=by_superuser
        )
    held: frozenset[str] = frozenset().union(*(one.permissions for one in [*given, *kept]))
    if reason := toxic_pair(held):
        refused.append(Refused("toxic_pair", reason))
    return refused


def permissions_decision(
    actor: Actor, what: str, added: Iterable[str], *, by_superuser: bool
) -> list[Refused]:
    """Whether `actor` may give these permissions to others.

    Who assigns roles gives what the table knows, though he holds none of it; everybody else gives
    only what he holds himself.
    """
    given = frozenset(added)
    if by_superuser:
        return []
    if actor.may(ASSIGN):
        outside = given - GRANTABLE
        return [Refused("outside_roles", OUTSIDE % {"what": what})] if outside else []
    if given - actor.permissions:
        return [Refused("not_held", NOT_HELD % {"what": what})]
    return []
