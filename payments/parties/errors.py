"""What parties refuse."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal


def no_such_merchant() -> Refusal:
    return Refusal("merchant_missing", _("There is no such merchant."), Kind.MISSING)


def no_such_customer() -> Refusal:
    return Refusal("customer_missing", _("There is no such customer."), Kind.MISSING)


def no_such_merge() -> Refusal:
    return Refusal("merge_missing", _("There is no such request."), Kind.MISSING)


def customer_erased(about: Any = None) -> Refusal:
    """His data key was destroyed: nobody can read or write his data any more."""
    message = _("This customer's personal data was erased.")
    return Refusal("customer_erased", message, Kind.CONFLICT, about=about)


def customer_merged(about: Any = None) -> Refusal:
    """What is known of him is his survivor's now."""
    message = _("This customer was merged into another: change that one.")
    return Refusal("customer_merged", message, Kind.CONFLICT, about=about)


def details_changed(about: Any = None) -> Refusal:
    """Somebody else wrote meanwhile."""
    message = _("Somebody changed these details after you opened the page: look again.")
    return Refusal("stale", message, Kind.CONFLICT, about=about)


def no_such_split() -> Refusal:
    return Refusal("split_missing", _("There is no such request."), Kind.MISSING)


def of_another_merchant() -> Refusal:
    return Refusal("customer_of_another_merchant", _("This customer belongs to another merchant."))


def currency_not_open(merchant_id: uuid.UUID, currency: str) -> Refusal:
    return Refusal(
        "currency_not_open",
        _("This merchant takes no payments in %(currency)s.") % {"currency": currency},
        merchant_id=str(merchant_id),
    )


def currency_already_open(about: Any) -> Refusal:
    message = _("This merchant has this currency already.")
    return Refusal("currency_already_open", message, Kind.CONFLICT, about=about)


def invalid(field: str, message: Any) -> Refusal:
    """A value that cannot be right; `field` says which."""
    return Refusal(f"{field}_invalid", message, field=field)
