"""What the desk would be for a role: its menu and its pages, computed from the gates.

Nobody's rights change and nothing can be done: the preview is a list, not a disguise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import URLPattern, get_resolver
from django.utils.translation import gettext_lazy as _

from audit.gate import Gate, find_gate
from audit.reading import get_reading
from config.access.queries import HeldRole
from config.access.words import code_of, say

NO_STAFF = _("only for people of the administration")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the words of the log, and what is missing to open it."""

    words: Any
    missing: str = ""


@dataclass(frozen=True, slots=True)
class AsRole:
    """Somebody with this role and no other, as the menu asks about him."""

    role: HeldRole

    @property
    def is_staff(self) -> bool:
        return self.role.is_staff

    def has_perm(self, perm: str) -> bool:
        return perm in self.role.held


def list_pages(role: HeldRole) -> list[Page]:
    """Every page that leaves a look on record, with what this role lacks for it. One query."""
    words = {code_of(one): say(one) for one in Permission.objects.select_related("content_type")}
    pages = [
        Page(sentence, ", ".join(words.get(one, one) for one in _missing(gate, role)))
        for sentence, gate in _gated()
    ]
    return pages + list(_administration(role))


def _missing(gate: Gate, role: HeldRole) -> list[str]:
    return [one for one in gate.permissions if one not in role.held]


def _gated() -> Iterator[tuple[Any, Gate]]:
    events = get_reading().events
    for name, view in _walk(get_resolver(), ""):
        gate = find_gate(view)
        sentence = events.get(f"access.{name.replace(':', '.')}")
        if gate is not None and not gate.is_open and sentence is not None:
            yield sentence, gate


def _walk(resolver: Any, space: str) -> Iterator[tuple[str, Any]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            if one.name:
                yield f"{space}:{one.name}" if space else one.name, one.callback
        elif one.app_name != "admin":
            yield from _walk(one, one.namespace or space)


def _administration(role: HeldRole) -> Iterator[Page]:
    for model, model_admin in admin.site._registry.items():
        app, name = model._meta.app_label, model._meta.model_name
        label = getattr(model_admin, "menu_label", None) or model._meta.verbose_name_plural
        words = _("Administration: %(what)s") % {"what": label}
        if not role.is_staff:
            yield Page(words, str(NO_STAFF))
        elif {f"{app}.view_{name}", f"{app}.change_{name}"} & role.held:
            yield Page(words)
        else:
            yield Page(words, str(_("See: %(what)s") % {"what": label}))
