"""The columns of lists."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from payments.models import Payment

AMOUNT = {"td": {"class": "amount"}, "th": {"class": "amount"}}


def _cell(name: str, label: Any, **options: Any) -> Any:
    template = f"payments/cells/{name}.html"
    return tables.TemplateColumn(template_name=template, verbose_name=label, **options)


class PaymentTable(tables.Table):  # type: ignore[misc]
    """A page of payments; merchant and customer come with the rows."""

    reference = _cell("reference", _("Payment"))
    status = _cell("status", _("State"))
    amount_minor = _cell("amount", _("Amount"), attrs=AMOUNT)
    merchant = tables.Column(accessor="merchant__name", verbose_name=_("Merchant"))
    order_reference = tables.Column(verbose_name=_("Order reference"), default="–")
    customer = tables.Column(accessor="customer__reference", verbose_name=_("Customer"))
    created_at = _cell("created", _("Taken"))

    class Meta:
        model = Payment
        fields = (
            "reference",
            "status",
            "amount_minor",
            "created_at",
            "merchant",
            "order_reference",
            "customer",
        )
        sequence = fields
        orderable = False
