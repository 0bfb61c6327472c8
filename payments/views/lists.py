"""What the list of payments is, for its views, its columns and its export."""

from __future__ import annotations

import uuid

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.lists.kinds import ListKind
from payments.filters import PaymentFilter
from payments.parties.models import Merchant
from payments.tables import COLUMNS, FIXED, USUAL

MOST = 4000


def tidy(query: str) -> str:
    """The filters of an address and nothing else; what cannot be read is left out."""
    try:
        kept = QueryDict(query[:MOST], mutable=True)
    except ValueError:
        return ""
    for name in PaymentFilter(kept, Merchant.objects.none()).errors:
        # Which merchants there are is asked when the list is shown.
        if name != "merchant" or not _is_id(kept.get(name, "")):
            kept.pop(name, None)
    form = PaymentFilter(kept, Merchant.objects.none())
    form.is_valid()
    return form.tidy_address()


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


PAYMENTS = ListKind(
    code="payments",
    label=_("Payments"),
    permission="payments.view_payment",
    namespace="payments",
    columns={name: column.label for name, column in COLUMNS.items()},
    fixed=FIXED,
    usual=USUAL,
    tidy=tidy,
)
