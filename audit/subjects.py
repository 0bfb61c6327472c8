"""What people work at: the objects that notes, tags and presence may be about.

The app that owns a kind of object registers it in `ready()`. Its `kind` stands in addresses, so
that nothing else of the object has to.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of object.

    `find` raises a Refusal (missing); `url` is the object's page; `holder` names the person whose
    data key seals what is written about it (None: the object has a key of its own).
    """

    kind: str
    name: Any
    permission: str
    find: Callable[[uuid.UUID], models.Model]
    url: Callable[[uuid.UUID], str]
    holder: Callable[[Any], uuid.UUID | None]


subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Let notes, tags and presence be about this kind of object."""
    if subjects.setdefault(subject.kind, subject) is not subject:
        raise ValueError(f"{subject.kind} is registered already")


def get_subject(kind: str, actor: Actor) -> Subject:
    """The kind of an address. Raises a Refusal: missing, or forbidden to who may not see it."""
    subject = subjects.get(kind)
    if subject is None:
        raise Refusal("subject_missing", _("There is no such thing."), Kind.MISSING)
    if not actor.may(subject.permission):
        raise Refusal("subject_forbidden", _("Your role does not see this."), Kind.FORBIDDEN)
    return subject
