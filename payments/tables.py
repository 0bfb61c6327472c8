"""The columns of the list of payments: one table for the screen and for what is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.ledger.money import Money
from payments.models import Attempt, Payment
from payments.queries.beside import Beside

Value = Money | datetime | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """`value` is what stands in it: an amount, a moment, or words in the reader's language.

    `cell` names a template of its own for the screen, where the plain value is not enough.
    """

    label: Any
    value: Callable[[Payment, Beside], Value]
    cell: str = ""
    is_amount: bool = False


def _card(payment: Payment, beside: Beside) -> str:
    attempt = beside.attempt(payment)
    return f"{attempt.card.brand} •••• {attempt.card.last_four}" if attempt else ""


def _of_attempt(read: Callable[[Attempt], Value]) -> Callable[[Payment, Beside], Value]:
    def value(payment: Payment, beside: Beside) -> Value:
        attempt = beside.attempt(payment)
        return read(attempt) if attempt else None

    return value


def _amount(label: Any, read: Callable[[Payment], Money]) -> Column:
    return Column(label, lambda payment, _beside: read(payment), cell="amount", is_amount=True)


COLUMNS: dict[str, Column] = {
    "reference": Column(_("Payment"), lambda one, _: one.reference, cell="reference"),
    "status": Column(_("State"), lambda one, _: str(one.get_status_display()), cell="status"),
    "amount": _amount(_("Amount"), lambda one: one.amount),
    "created": Column(_("Taken"), lambda one, _: one.created_at, cell="moment"),
    "merchant": Column(_("Merchant"), lambda one, _: one.merchant.name),
    "order": Column(_("Order reference"), lambda one, _: one.order_reference),
    "customer": Column(
        _("Customer"),
        lambda one, _: one.customer.reference if one.customer else "",
        cell="customer",
    ),
    "email": Column(_("Email (masked)"), lambda one, beside: beside.customer(one, "email")),
    "card": Column(_("Card"), _card),
    "connector": Column(_("Provider"), _of_attempt(lambda one: one.connector)),
    "decline": Column(_("Decline code"), _of_attempt(lambda one: one.decline_code)),
    "method": Column(_("Capture method"), lambda one, _: str(one.get_capture_method_display())),
    "mode": Column(
        _("Mode"), lambda one, _beside: str(gettext("Live") if one.is_live else gettext("Test"))
    ),
    "held_until": Column(_("Held until"), _of_attempt(lambda one: one.expires_at), cell="moment"),
    "captured": _amount(_("Captured"), lambda one: one.money(one.captured_minor)),
    "refunded": _amount(_("Refunded"), lambda one: one.money(one.refunded_minor)),
    "refundable": _amount(_("Can be refunded"), lambda one: one.refundable),
}
FIXED = ("reference",)
USUAL = ("reference", "status", "amount", "created", "merchant", "order", "customer")
NOTHING = "–"


class ValueColumn(tables.Column):  # type: ignore[misc]
    """A column of `COLUMNS` on the screen."""

    def __init__(self, column: Column, beside: Beside) -> None:
        attrs = {"td": {"class": "amount"}, "th": {"class": "amount"}} if column.is_amount else {}
        super().__init__(verbose_name=column.label, accessor="pk", empty_values=(), attrs=attrs)
        self._column, self._beside = column, beside

    def render(self, record: Payment) -> Any:
        value = self._column.value(record, self._beside)
        if not self._column.cell:
            return value or NOTHING
        template = f"payments/cells/{self._column.cell}.html"
        return render_to_string(template, {"record": record, "value": value})


class PickColumn(tables.Column):  # type: ignore[misc]
    """A box to choose the row with, for what is done to several at once."""

    def __init__(self) -> None:
        super().__init__(
            verbose_name=_("Choose"),
            accessor="pk",
            empty_values=(),
            attrs={"td": {"class": "pick-cell"}},
        )

    def render(self, record: Payment) -> Any:
        return render_to_string("payments/cells/pick.html", {"record": record})


class PaymentTable(tables.Table):  # type: ignore[misc]
    """A page of payments with the `columns` asked for; merchant and customer come with the rows."""

    def __init__(
        self,
        rows: Sequence[Payment],
        columns: Iterable[str] = USUAL,
        beside: Beside | None = None,
        *,
        is_pickable: bool = False,
    ) -> None:
        known = beside or Beside()
        shown = [(name, ValueColumn(COLUMNS[name], known)) for name in columns]
        picks = [("pick", PickColumn())] if is_pickable else []
        super().__init__(rows, extra_columns=[*picks, *shown])

    class Meta:
        orderable = False
