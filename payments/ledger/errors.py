"""What the ledger refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal


def insufficient_balance() -> Refusal:
    """A guarded balance (a gift card, points) does not hold so much."""
    return Refusal("insufficient_balance", _("The balance is not enough."), Kind.CONFLICT)


def no_such_account() -> Refusal:
    return Refusal("account_missing", _("There is no such account."), Kind.MISSING)
