"""Seeing the desk as a role sees it: a walk through the real pages, in which nothing can be done.

A walk takes rights away and lends none that shows anything: what is shown is what the role *and*
the person himself may see. What the role may do is told beside its buttons; each is refused.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from django.contrib.auth.models import Group
from django.http import HttpRequest

from audit import log
from audit.actor import Actor
from audit.errors import KernelError
from config.access.queries import HeldRole, list_roles

KEY = "walk"
PREVIEW = "auth.view_group"
"""Who may look at roles may walk as one."""
SAFE = ("GET", "HEAD", "OPTIONS")
WAYS_OUT = ("desk:walk_end", "account_logout", "access:stay", "set_language", "desk:mode")
"""What may be sent in a walk: the end of it, and what concerns the screen alone."""
UNHEARD = ("presence:beats",)
"""What a page says by itself: nobody is there."""
TOLD = frozenset(
    {
        "approvals.decide_correction",
        "approvals.decide_merge",
        "approvals.decide_refund",
        "approvals.decide_split",
        "notes.add_note",
        "parties.change_customer",
        "parties.merge_customer",
        "payments.book_off_late",
        "payments.capture_payment",
        "payments.correct_payment",
        "payments.increment_payment",
        "payments.inquire_payment",
        "payments.refund_payment",
        "payments.void_payment",
    }
)
"""Rights to act, which show nothing by themselves: a page says whether the role has them. The pages
behind them open only to who holds them himself."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A role, and what of it the person who walks may see."""

    role: HeldRole
    own: frozenset[str]

    @property
    def told(self) -> frozenset[str]:
        """What pages go by."""
        return self.role.held & (self.own | TOLD)

    def opens(self, permission: str) -> bool:
        """What doors go by: held by the role and by the person himself."""
        return permission in self.role.held and permission in self.own

    @property
    def leaves_out(self) -> bool:
        """Whether the role sees more than is shown."""
        return bool(self.role.held - self.own - TOLD)


def begin(request: HttpRequest, role: HeldRole) -> None:
    """From the next page on."""
    request.session[KEY] = role.group.pk
    log.record("access.walk.began", obj=role.group)


def end(request: HttpRequest) -> None:
    """Back to oneself. Ending what is over changes nothing."""
    role_id = request.session.pop(KEY, None)
    if role_id is not None:
        log.record("access.walk.ended", obj=Group.objects.filter(pk=role_id).first())


def find(request: HttpRequest, actor: Actor) -> Walk | None:
    """The walk under way; none for who may not look at roles any more. Two queries in a walk."""
    role_id = request.session.get(KEY)
    if role_id is None or not actor.may(PREVIEW):
        return None
    found = list_roles(Group.objects.filter(pk=role_id))
    return Walk(found[0], actor.permissions) if found else None


def as_role(walk: Walk, actor: Actor) -> Actor:
    """The same person, who sees what the role sees; the record says so."""
    name = walk.role.group.name
    return replace(actor, roles=(name,), permissions=walk.told, purpose=f"seen as the role {name}")


def disguise(walk: Walk, person: Any) -> Any:
    """A copy of the person that answers for the role, for this one look. It is never saved."""
    shown = copy.copy(person)
    shown.is_superuser = False
    shown.is_staff = person.is_staff and walk.role.is_staff
    for name in ("_perm_cache", "_group_perm_cache"):
        setattr(shown, name, set(walk.told))
    shown._user_perm_cache = set()
    shown.save = _never
    return shown


def _never(*_args: Any, **_options: Any) -> NoReturn:
    raise KernelError("who walks as a role is not saved")
