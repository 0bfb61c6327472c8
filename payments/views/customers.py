"""What payments tell on the page of a customer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.panels import CUSTOMER, About, Content, Panel, add_panels
from payments.queries import customers

VIEW = "payments.view_payment"


def read_totals(about: About) -> Content:
    """Money in and out by currency. One SELECT."""
    return Content({"totals": customers.sum_totals_of(about.ids)})


def read_payments(about: About) -> Content:
    """The latest payments. One SELECT."""
    found = customers.list_payments_of(about.ids)
    shown = found[: customers.MOST_PAYMENTS]
    return Content({"payments": shown, "has_more": len(found) > len(shown)}, shown)


def read_refunds(about: About) -> Content:
    """The latest refunds. One SELECT."""
    found = customers.list_refunds_of(about.ids)
    shown = found[: customers.MOST_REFUNDS]
    return Content({"refunds": shown, "has_more": len(found) > len(shown)}, shown)


PANELS = (
    Panel(
        code="totals",
        title=_("Paid and given back"),
        permission=VIEW,
        template="payments/panels/totals.html",
        read=read_totals,
        position=10,
        tells_belongings=True,
    ),
    Panel(
        code="payments",
        title=_("Payments"),
        permission=VIEW,
        template="payments/panels/payments.html",
        read=read_payments,
        position=20,
    ),
    Panel(
        code="refunds",
        title=_("Refunds"),
        permission=VIEW,
        template="payments/panels/refunds.html",
        read=read_refunds,
        position=30,
        is_lazy=True,
    ),
)


def register() -> None:
    """Put them on the page of a customer."""
    add_panels(CUSTOMER, PANELS)
