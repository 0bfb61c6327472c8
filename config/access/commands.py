"""What is done with accounts and their mail."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.db import transaction

from audit.actor import current_actor
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from config.access import policy
from config.access.models import OutgoingMail, User
from config.access.roles import find_role
from config.access.steps import queue_mail


@command("access.mail.queued")
def send_mail_later(work: Work, *, kind: str, message: EmailMessage) -> uuid.UUID:
    """Put one mail in the outbox; for mail sent outside of a request's own Work."""
    return queue_mail(work, kind, message).pk


@command("access.mail.sent")
def mark_mail_sent(work: Work, *, mail_id: uuid.UUID) -> None:
    """The mail is out: its words are destroyed. A repeat changes nothing."""
    mail = work.load_one(OutgoingMail.objects.filter(pk=mail_id))
    if mail.sent_at is None:
        work.change(mail, sent_at=work.now, sealed="")


@command("access.language.chosen")
def choose_language(work: Work, *, user_id: uuid.UUID, language: str) -> None:
    """The language in which this person is spoken to from now on. A repeat changes nothing."""
    person = work.load_one(User.objects.filter(pk=user_id))
    if person.language != language:
        work.change(person, language=language)


def create_person(
    *,
    email: str,
    name: str = "",
    password: str | None = None,
    roles: Sequence[str] = (),
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """A new account with these roles (codes of `roles.ROLES`), by whoever acts now.

    Not a `@command`: accounts are Django's, and the net puts them on record. Without a password
    the person sets one by the reset mail. Roles that work in the administration open it. A repeat
    with the same address returns the account as it is. Raises Refusal for an unknown role and for
    roles that one person must not hold together.
    """
    current_actor()
    known = [find_role(code) for code in roles]
    if reason := policy.toxic_pair(frozenset().union(*(role.permissions for role in known))):
        raise Refusal("access.toxic_roles", reason, Kind.FORBIDDEN)
    with transaction.atomic(durable=True):
        if found := User.objects.filter(email=email.strip().lower()).first():
            return found
        user = User.objects.create_user(
            email,
            password,
            name=name,
            is_staff=is_staff or any(role.is_staff for role in known),
            is_superuser=is_superuser,
        )
        groups = list(Group.objects.filter(name__in=[role.code for role in known]))
        if len(groups) != len(known):
            raise Refusal("access.no_such_role", policy.NO_SUCH_ROLE, Kind.MISSING)
        user.groups.set(groups)
    return user
