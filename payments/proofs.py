"""Every payment's amounts, against its own rows and against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, Sum

from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry
from payments.models import Capture, Payment, Refund
from payments.states import derive

PAGE = 500

BOOKED_IN = {TransferCode.CAPTURE: 1}
BOOKED_OUT = {TransferCode.REFUND_SENT: 1, TransferCode.REFUND_RETURNED: -1}
SET_ASIDE = (Refund.Status.AWAITING_APPROVAL, Refund.Status.PENDING, Refund.Status.UNKNOWN)


def count_payments() -> int:
    """How many payments there are."""
    return Payment.objects.count()


def payments_off() -> Iterator[str]:
    """Names each payment whose amounts differ from its rows or from the ledger.

    Pages by key, 500 payments and five SELECTs a page.
    """
    after = None
    while True:
        rows = Payment.objects.order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        page = list(rows.prefetch_related("attempts", "captures", "refunds")[:PAGE])
        if not page:
            return
        booked = _booked(page)
        for payment in page:
            yield from _differences(payment, booked)
        after = page[-1].pk


def _booked(page: list[Payment]) -> dict[tuple[str, str], int]:
    """`{(code, reference): debits in minor units}` of the page's captures and refunds."""
    references = [f"capture:{c.pk}" for p in page for c in p.captures.all()]
    references += [f"refund:{r.pk}" for p in page for r in p.refunds.all()]
    sums: dict[tuple[str, str], int] = {}
    for start in range(0, len(references), PAGE):
        rows = (
            Entry.objects.filter(
                Q(amount_minor__gt=0), transfer__reference__in=references[start : start + PAGE]
            )
            .values("transfer__code", "transfer__reference")
            .annotate(minor=Sum("amount_minor"))
            .order_by()
        )
        for row in rows:
            sums[(row["transfer__code"], row["transfer__reference"])] = row["minor"]
    return sums


def _differences(payment: Payment, booked: dict[tuple[str, str], int]) -> Iterator[str]:
    captures, refunds = list(payment.captures.all()), list(payment.refunds.all())
    done = [c for c in captures if c.status == Capture.Status.SUCCEEDED]
    sent = [r for r in refunds if r.status == Refund.Status.SUCCEEDED]
    expected: dict[str, Any] = {
        "captured_minor": sum(c.amount_minor for c in done),
        "refunded_minor": sum(r.amount_minor for r in sent),
        "refund_pending_minor": sum(r.amount_minor for r in refunds if r.status in SET_ASIDE),
        "status": derive(payment, max(payment.attempts.all(), key=lambda a: a.number)),
    }
    for name, value in expected.items():
        if getattr(payment, name) != value:
            yield f"{payment.reference}: {name} is {getattr(payment, name)}, its rows say {value}"
    for capture in captures:
        yield from _compare(payment, "capture", capture, booked, BOOKED_IN, capture in done)
    for refund in refunds:
        yield from _compare(payment, "refund", refund, booked, BOOKED_OUT, refund in sent)


def _compare(
    payment: Payment,
    kind: str,
    row: Capture | Refund,
    booked: dict[tuple[str, str], int],
    codes: dict[TransferCode, int],
    is_done: bool,
) -> Iterator[str]:
    found = sum(sign * booked.get((code, f"{kind}:{row.pk}"), 0) for code, sign in codes.items())
    due = row.amount_minor if is_done else 0
    if found != due:
        yield f"{payment.reference}: {kind} {row.pk} is booked at {found}, {due} is due"
