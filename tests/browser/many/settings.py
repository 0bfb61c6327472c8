"""What administrators set."""

from __future__ import annotations

from itertools import product

from django.contrib.auth.models import Group
from iso4217 import Currency

from audit.approvals.models import ApprovalLimit, Kind
from audit.notes.models import Tag
from config.access.models import User
from payments.models import RefundReason
from tests.browser.many.rows import Maker, like

ROLES = 60
"""Roles are made by hand, one for each kind of work."""


def roles() -> Maker:
    """Roles beside those of the table."""
    return lambda number: Group(name=f"shift_{number:02d}")


def give_a_role(person: User) -> None:
    """The first of those roles, which has a limit in each currency."""
    through = User.groups.through
    group = Group.objects.get(name="shift_01")
    through._default_manager.create(user_id=person.pk, group_id=group.pk)


def limits() -> list[Maker]:
    """A limit in each currency there could be, for each of those roles."""
    groups = list(Group.objects.filter(name__startswith="shift_"))
    money = [one.code for one in Currency if one.exponent is not None]
    each = list(product(groups, (Kind.REFUND, Kind.CORRECTION), money))

    def make(number: int) -> ApprovalLimit:
        role, kind, currency = each[number]
        return ApprovalLimit(role=role, kind=kind, currency=currency, max_minor=100 * number)

    return [make]


def tags(one: Tag) -> Maker:
    """Tags, each offered."""
    return like(
        one,
        code=lambda number: f"tag-{number:05d}",
        label=lambda number: f"Tag {number:05d}",
        position=lambda number: number,
    )


def reasons(one: RefundReason) -> Maker:
    """Reasons, each offered."""
    return like(
        one,
        code=lambda number: f"reason_{number:05d}",
        label=lambda number: f"Reason {number:05d}",
        position=lambda number: number + 100,
    )
