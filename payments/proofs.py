"""Every payment's amounts, against its own rows and against the ledger; the totals of days, against
the payments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, Sum

from audit import clock, proofs
from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry
from payments.models import (
    Attempt,
    Capture,
    DaysProgress,
    DayTotals,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
)
from payments.queries.days import (
    COLUMNS,
    NOTHING,
    SETTLED_AFTER,
    Place,
    add_up_days,
    find_first_day,
    find_progress,
    list_changed_days,
    place_of,
    totals_of,
)
from payments.queries.days import PAGE as DAYS
from payments.states import UNTRIED, derive

PAGE = 500

BOOKED_IN = {TransferCode.CAPTURE: 1, TransferCode.CAPTURE_VOIDED: -1}
BOOKED_OUT = {TransferCode.REFUND_SENT: 1, TransferCode.REFUND_RETURNED: -1}
BOOKED_LATE = {
    TransferCode.LATE_TAKEN: 1,
    TransferCode.LATE_RETURNED: -1,
    TransferCode.LATE_ADOPTED: -1,
}
BOOKED_OFF = {TransferCode.LATE_UNCLAIMED: 1, TransferCode.LATE_RECLAIMED: -1}
OPEN = ("awaiting_approval", "pending", "unknown", "conflicted")
_MODES = {False: "test", True: "live"}
VOIDING = (Capture.Status.VOIDING, Capture.Status.VOID_UNKNOWN)
TAKEN = (Capture.Status.SUCCEEDED, *VOIDING)


def count_payments() -> int:
    """How many payments there are."""
    return Payment.objects.count()


def payments_off() -> Iterator[str]:
    """Names each payment whose amounts differ from its rows or from the ledger.

    Pages by key, 500 payments and seven SELECTs a page.
    """
    after = None
    while True:
        rows = Payment.objects.order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        rows = rows.prefetch_related("attempts", "increments", "captures", "refunds", "late")
        page = list(rows[:PAGE])
        if not page:
            return
        booked = _booked(page)
        for payment in page:
            yield from _differences(payment, booked)
        after = page[-1].pk


Booked = dict[tuple[str, str, bool], int]


def _booked(page: list[Payment]) -> Booked:
    """`{(code, reference, live): debits in minor units}` of the page's captures and refunds."""
    references = [f"capture:{c.pk}" for p in page for c in p.captures.all()]
    references += [f"refund:{r.pk}" for p in page for r in p.refunds.all()]
    references += [name for p in page for late in p.late.all() for name in late.transfers]
    sums: Booked = {}
    for start in range(0, len(references), PAGE):
        rows = (
            Entry.objects.filter(
                Q(amount_minor__gt=0), transfer__reference__in=references[start : start + PAGE]
            )
            .values("transfer__code", "transfer__reference", "account__is_live")
            .annotate(minor=Sum("amount_minor"))
            .order_by()
        )
        for row in rows:
            place = row["transfer__code"], row["transfer__reference"], row["account__is_live"]
            sums[place] = row["minor"]
    return sums


def _status_of(payment: Payment) -> str:
    """What its rows say; of one that was never tried they say nothing, and few states are right."""
    attempts = sorted(payment.attempts.all(), key=lambda attempt: attempt.number)
    if attempts:
        return derive(payment, attempts[-1])
    return payment.status if payment.status in UNTRIED else "untried"


def _differences(payment: Payment, booked: Booked) -> Iterator[str]:
    captures, refunds = list(payment.captures.all()), list(payment.refunds.all())
    done = [c for c in captures if c.status in TAKEN]
    sent = [r for r in refunds if r.status == Refund.Status.SUCCEEDED]
    expected: dict[str, Any] = {
        "increment_pending_minor": _sum(payment.increments.all(), OPEN),
        "capture_pending_minor": _sum(captures, OPEN),
        "captured_minor": _sum(captures, TAKEN),
        "capture_voiding_minor": _sum(captures, VOIDING),
        "capture_voided_minor": _sum(captures, (Capture.Status.VOIDED,)),
        "refunded_minor": sum(r.amount_minor for r in sent),
        "refund_pending_minor": _sum(refunds, OPEN),
        "status": _status_of(payment),
    }
    for name, value in expected.items():
        if getattr(payment, name) != value:
            yield f"{payment.reference}: {name} is {getattr(payment, name)}, its rows say {value}"
    rows: list[Attempt | Refund] = [*payment.attempts.all(), *refunds]
    for row in rows:
        if row.is_live != payment.is_live:
            kind = row._meta.model_name
            yield f"{payment.reference}: {kind} {row.pk} is {_MODES[row.is_live]}"
    for capture in captures:
        yield from _compare(payment, "capture", capture, booked, BOOKED_IN, capture in done)
    for refund in refunds:
        yield from _compare(payment, "refund", refund, booked, BOOKED_OUT, refund in sent)
    for late in payment.late.all():
        yield from _compare_late(payment, late, booked)


def _sum(rows: Iterable[Increment | Capture | Refund], states: Collection[str]) -> int:
    return sum(row.amount_minor for row in rows if row.status in states)


def _compare(
    payment: Payment,
    kind: str,
    row: Capture | Refund,
    booked: Booked,
    codes: dict[TransferCode, int],
    is_done: bool,
) -> Iterator[str]:
    place, is_live = f"{kind}:{row.pk}", payment.is_live
    found = sum(sign * booked.get((code, place, is_live), 0) for code, sign in codes.items())
    due = row.amount_minor if is_done else 0
    if found != due:
        yield f"{payment.reference}: {kind} {row.pk} is booked at {found}, {due} is due"
    if any((code, place, not is_live) in booked for code in codes):
        yield f"{payment.reference}: {kind} {row.pk} is booked among {_MODES[not is_live]} money"


def _compare_late(payment: Payment, late: LateAuthorization, booked: Booked) -> Iterator[str]:
    is_off = late.status == LateAuthorization.Status.BOOKED_OFF
    for codes, words, due in (
        (BOOKED_LATE, "booked", late.taken_minor),
        (BOOKED_OFF, "booked off", late.taken_minor if is_off else 0),
    ):
        places = [(code, name) for code in codes for name in late.transfers]
        found = sum(
            codes[code] * booked.get((code, name, payment.is_live), 0) for code, name in places
        )
        if found != due:
            yield f"{payment.reference}: late {late.pk} is {words} at {found}, {due} is due"
        if any((code, name, not payment.is_live) in booked for code, name in places):
            mode = _MODES[not payment.is_live]
            yield f"{payment.reference}: late {late.pk} is {words} among {mode} money"


def count_days() -> int:
    """How many rows of totals there are."""
    return DayTotals.objects.count()


def days_off() -> Iterator[str]:
    """Names each kept row that differs from the payments of its day, and each that is missing.

    Changes on record that the task has not followed yet are not held against it. Three SELECTs for
    31 days. Nothing to prove before its first run, or while it begins anew in another time zone.
    """
    progress = find_progress()
    if progress is None or progress.through_on is None:
        return
    kept = DayTotals.objects.order_by("day").values_list("day", flat=True).first()
    since = min((one for one in (kept, find_first_day()) if one is not None), default=None)
    while since is not None and since <= progress.through_on:
        until = min(progress.through_on, since + timedelta(days=DAYS - 1))
        found = _off_between(since, until)
        # Asked after the others: whatever changed meanwhile is among them.
        due = _unfollowed(progress) if found else set()
        yield from (words for day, words in found if day not in due)
        since = until + timedelta(days=1)


def _unfollowed(progress: DaysProgress) -> set[date]:
    since = progress.changes_until - SETTLED_AFTER
    return list_changed_days(since, clock.now() + SETTLED_AFTER)


def _off_between(since: date, until: date) -> list[tuple[date, str]]:
    rows = DayTotals.objects.filter(day__gte=since, day__lte=until).order_by("day", "pk")
    kept = {place_of(row): totals_of(row) for row in rows}
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    said = add_up_days(days)
    return [
        (place.day, f"{_words_of(place)}: {name} is {is_}, not {should}")
        for place in sorted(kept.keys() | said.keys(), key=str)
        for name in COLUMNS
        if (is_ := getattr(kept.get(place, NOTHING), name))
        != (should := getattr(said.get(place, NOTHING), name))
    ]


def _words_of(place: Place) -> str:
    money = f"{_MODES[place.is_live]} {place.currency}"
    return f"{place.day} {money} of merchant {place.merchant_id}"


def register() -> None:
    """Have `manage.py prove` compute both."""
    proofs.register("payment totals equal the ledger", payments_off, count_payments)
    proofs.register("totals of days equal the payments", days_off, count_days)
