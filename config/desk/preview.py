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
from config.desk.pages import PAGES

NO_STAFF = _("only for people of the administration")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is called, and what is missing to open it."""

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
    """Every page of the desk and of the administration, with what this role lacks for it. One
    query."""
    words = {code_of(one): say(one) for one in Permission.objects.select_related("content_type")}
    gates = {name: gate for name, gate in list_gates() if name in PAGES}
    pages = [
        Page(words_of_page, ", ".join(words.get(one, one) for one in _missing(gates[name], role)))
        for name, words_of_page in PAGES.items()
    ]
    return pages + list(_administration(role))


def _missing(gate: Gate, role: HeldRole) -> list[str]:
    return [one for one in gate.permissions if one not in role.held]


def list_gates() -> Iterator[tuple[str, Gate]]:
    """The routes that leave a look on record and are not open to all, with who may pass."""
    events = get_reading().events
    for name, view in _walk(get_resolver(), ""):
        gate = find_gate(view)
        if gate is not None and not gate.is_open and f"access.{name.replace(':', '.')}" in events:
            yield name, gate


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
