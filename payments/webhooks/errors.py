"""What is refused about webhooks."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal


def no_such_endpoint() -> Refusal:
    return Refusal("webhook_endpoint_missing", _("There is no such endpoint."), Kind.MISSING)


def no_such_delivery() -> Refusal:
    return Refusal("webhook_delivery_missing", _("There is no such delivery."), Kind.MISSING)


def no_such_event() -> Refusal:
    return Refusal("event_missing", _("There is no such event."), Kind.MISSING)


def address_refused(code: str, message: object) -> Refusal:
    """An address that nothing is ever sent to; the form shows it at its field."""
    return Refusal(f"url_{code}", message, field="url")


def endpoint_changed(names: Iterable[object]) -> Refusal:
    """Somebody else changed it; what of it, in words."""
    message = _("Somebody changed this after you opened it: %(what)s.") % {
        "what": ", ".join(str(one) for one in names)
    }
    return Refusal("webhook_endpoint_changed", message, Kind.CONFLICT)


def endpoint_disabled() -> Refusal:
    message = _("This endpoint is disabled: enable it first.")
    return Refusal("webhook_endpoint_disabled", message, Kind.CONFLICT)
