"""What the words of providers can mean: our own types of event, and our own statuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from payments.gateways.events import event_handlers
from payments.gateways.models import Mapping
from payments.gateways.protocol import AuthorizationStatus, OperationStatus

IGNORED = "ignored"
"""A type that needs nothing done."""


def list_meanings(sort: str, object_kind: str) -> list[str]:
    """The words of ours that a provider's word may mean, in order."""
    if sort == Mapping.Sort.TYPE:
        return [*sorted(event_handlers), IGNORED]
    if object_kind == "authorization":
        return [one.value for one in AuthorizationStatus]
    return [one.value for one in OperationStatus]


def check_meaning(sort: str, object_kind: str, raw: str, meaning: str) -> None:
    """Raises a Refusal for a meaning that is none of ours, and for a word that is known anyway."""
    if sort not in Mapping.Sort.values or not raw or not raw.isprintable() or len(raw) > 80:
        raise Refusal("mapping.nothing", _("There is nothing to map."))
    known = list_meanings(sort, object_kind)
    if raw in known:
        raise Refusal("mapping.known", _("This is known already: nothing needs to be mapped."))
    if meaning not in known:
        raise Refusal("mapping.meaning", _("Choose what it means from the list."))
