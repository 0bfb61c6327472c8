"""How the record reads: its codes in plain words, and the page of what an entry speaks of.

The kernel writes codes and ids. What they mean is known higher up; it stands in one table there,
named by the setting `COMPTOIR_READING`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from audit.actor import Actor
from audit.models import LogEntry


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Where an object is shown, and the permission without which the link leads nowhere."""

    route: str
    permission: str

    def find_url(self, pk: str) -> str | None:
        """The address, or None where an installation does not serve the route."""
        try:
            return reverse(self.route, args=[pk])
        except NoReverseMatch:
            return None


@dataclass(frozen=True, slots=True)
class Reading:
    """`events`: code → sentence. `areas`: first word of a code → its name. `roles`: code → name.
    `pages`: `app.model` → page. `references`: the letters before the dash → who finds the object.
    `fields`: the name of a field → what people call it. `names`: `app.model` → what people call
    an object that the record names by its key or its code.
    """

    events: Mapping[str, Any] = field(default_factory=dict)
    areas: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, ObjectPage] = field(default_factory=dict)
    references: Mapping[str, Callable[[str], models.Model | None]] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, Callable[[str], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """An object as entries name it: its key, and the kinds of object that it may be of."""

    kinds: tuple[int, ...]
    pk: str


@cache
def get_reading() -> Reading:
    """The table of this installation."""
    reading: Reading = import_string(settings.COMPTOIR_READING)
    return reading


def sentence_of(event: str) -> str:
    """An event in plain words; the code itself for one that nobody has put into words."""
    return str(get_reading().events.get(event, event))


def field_label(name: str, column: Any) -> str:
    """A field as people call it: by the name of its own model, if that was put into words."""
    said = getattr(column, "verbose_name", name.replace("_", " "))
    known = get_reading().fields.get(name.removesuffix("_id"))
    label = str(known if known is not None and not isinstance(said, Promise) else said)
    if not name.endswith("_minor"):
        return label
    return _("%(field)s, in the smallest unit of its currency") % {"field": label}


def role_label(code: str) -> str:
    """A role as people call it; the code for a role that is no more."""
    return str(get_reading().roles.get(code, code))


def related_name(column: Any, text: str) -> str:
    """What people call the object that a relation of the record names by its key or its code."""
    model = getattr(column, "related_model", None)
    name = get_reading().names.get(model._meta.label_lower) if model else None
    return name(text) if name else text


def object_url(entry: LogEntry, actor: Actor) -> str | None:
    """The page of the object of an entry, if it has one that `actor` may open. No queries."""
    model = _model_of(entry)
    return page_of_kind(model._meta.label_lower, entry.object_pk, actor) if model else None


def page_of_kind(label: str, pk: str, actor: Actor) -> str | None:
    """The page of an object of the model `app.model`, if `actor` may open it. No queries."""
    page = get_reading().pages.get(label)
    if page is None or not actor.may(page.permission):
        return None
    return page.find_url(pk)


def object_name(entry: LogEntry) -> str:
    """What people call the object of an entry: its reference, a role by its name, a number where
    its kind alone names it. No queries with `content_type`.
    """
    model = _model_of(entry)
    label = f"{model._meta.label_lower} " if model else ""
    return role_label(entry.object_repr.removeprefix(label) or entry.object_pk)


def object_kind(entry: LogEntry) -> str:
    """What sort of object an entry speaks of, in plain words. No queries with `content_type`."""
    model = _model_of(entry)
    if model is not None:
        return str(model._meta.verbose_name)
    return entry.content_type.model if entry.content_type else ""


def find_by_reference(text: str) -> models.Model | None:
    """The object that people know by this reference, such as `P-7F3A09BC12DE`. One SELECT."""
    prefix, dash, _rest = text.partition("-")
    find = get_reading().references.get(prefix.upper()) if dash else None
    return find(text.upper()) if find else None


def find_target(text: str) -> Target | None:
    """The object meant by an id, a reference, or `app.model:key`. One SELECT at most.

    An id is looked for among all kinds of objects: the index of the log begins with the kind.
    """
    try:
        pk = uuid.UUID(text)
    except ValueError:
        pass
    else:
        kinds = ContentType.objects.get_for_models(*_all_models()).values()
        return Target(tuple(sorted(kind.pk for kind in kinds)), str(pk))
    label, colon, key = text.rpartition(":")
    if colon:
        model = next((one for one in _all_models() if one._meta.label_lower == label), None)
        return Target((_kind_of(model),), key) if model else None
    found = find_by_reference(text)
    return Target((_kind_of(type(found)),), str(found.pk)) if found else None


def name_target(entry: LogEntry) -> str:
    """What the object filter takes to mean the object of an entry; its id where that is enough."""
    model = _model_of(entry)
    if model is not None and not isinstance(model._meta.pk, models.UUIDField):
        return f"{model._meta.label_lower}:{entry.object_pk}"
    return entry.object_pk


@cache
def _all_models() -> tuple[type[models.Model], ...]:
    from django.apps import apps

    return tuple(apps.get_models())


def _kind_of(model: type[models.Model]) -> int:
    return ContentType.objects.get_for_model(model).pk


def _model_of(entry: LogEntry) -> type[models.Model] | None:
    return entry.content_type.model_class() if entry.content_type else None
