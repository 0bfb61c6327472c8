"""One act on several payments, ten in a slice. A slice that runs twice does nothing twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.jobs.kinds import JobKind, Panel, Slice, kinds
from audit.jobs.models import Job
from audit.notes.commands import put_tag
from payments.commands.captures import capture_payment
from payments.commands.refunds import refund_payment
from payments.commands.voids import void_payment
from payments.ledger.money import Money
from payments.models import Payment, Refund
from payments.queries.bulk import Act

SLICE = 10
ON_ITS_WAY, WAITS, DONE, REFUSED = "requested", "awaiting_approval", "done", "rejected"
WORDS = {
    DONE: _("done"),
    ON_ITS_WAY: _("on its way"),
    WAITS: _("waits for approval"),
    REFUSED: _("not done"),
}
LABELS = {
    Act.REFUND: _("Refund of several payments"),
    Act.CAPTURE: _("Capture of several payments"),
    Act.VOID: _("Void of several payments"),
    Act.TAG: _("Tag on several payments"),
}


def run(act: Act, job: Job) -> Slice:
    """The next payments of a job, each by its own command with its own key."""
    results: list[dict[str, Any]] = list(job.state.get("results", []))
    rows = job.given["rows"]
    for pk, minor, currency in rows[len(results) : len(results) + SLICE]:
        results.append(_do(act, job, uuid.UUID(pk), Money(minor, currency)))
    return Slice(len(results), {"results": results}, is_over=len(results) >= len(rows))


def _do(act: Act, job: Job, payment_id: uuid.UUID, amount: Money) -> dict[str, Any]:
    key = f"bulk:{job.pk}:{payment_id}"
    try:
        outcome, reference = ACTS[act](job, payment_id, amount, key)
    except Refusal as refusal:
        return {"outcome": REFUSED, "code": refusal.code, "why": _in_all_languages(refusal)}
    return {"outcome": outcome, "reference": reference}


def _refund(job: Job, payment_id: uuid.UUID, amount: Money, key: str) -> tuple[str, str]:
    refund = refund_payment(
        payment_id=payment_id,
        amount=amount,
        reason=job.given["reason"],
        comment=job.given["comment"],
        seen_refundable=amount.minor,
        key=key,
    )
    waits = refund.status == Refund.Status.AWAITING_APPROVAL
    return (WAITS if waits else ON_ITS_WAY), refund.reference


def _capture(_job: Job, payment_id: uuid.UUID, amount: Money, key: str) -> tuple[str, str]:
    capture_payment(payment_id=payment_id, amount=amount, seen_capturable=amount.minor, key=key)
    return ON_ITS_WAY, ""


def _void(_job: Job, payment_id: uuid.UUID, _amount: Money, key: str) -> tuple[str, str]:
    void_payment(payment_id=payment_id, key=key)
    return ON_ITS_WAY, ""


def _tag(job: Job, payment_id: uuid.UUID, _amount: Money, _key: str) -> tuple[str, str]:
    put_tag(kind="payment", subject_id=payment_id, code=job.given["tag"])
    return DONE, ""


Do = Callable[[Job, uuid.UUID, Money, str], tuple[str, str]]
ACTS: dict[Act, Do] = {Act.REFUND: _refund, Act.CAPTURE: _capture, Act.VOID: _void, Act.TAG: _tag}


def _in_all_languages(refusal: Refusal) -> dict[str, str]:
    """Why not, for whoever reads it later in whichever language."""
    words = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            words[code] = str(refusal.message)
    return words


def panel(job: Job) -> Panel:
    """What became of each payment. One SELECT."""
    rows = job.given["rows"]
    found = {str(one.pk): one for one in Payment.objects.filter(pk__in=[row[0] for row in rows])}
    results = job.state.get("results", [])
    lines = [
        _line(found.get(pk), Money(minor, currency), results[at] if at < len(results) else None)
        for at, (pk, minor, currency) in enumerate(rows)
    ]
    return Panel("payments/bulk/results.html", {"lines": lines}, list(found.values()))


def _line(payment: Payment | None, amount: Money, result: dict[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"payment": payment, "amount": amount, "outcome": "", "why": ""}
    if result is not None:
        why = result.get("why", {})
        line |= {
            "outcome": result["outcome"],
            "words": WORDS.get(result["outcome"], result["outcome"]),
            "why": why.get(translation.get_language(), why.get("en", "")),
            "reference": result.get("reference", ""),
        }
    return line


def register() -> None:
    """A kind of job for each act."""
    for act in Act:
        kinds[act.job_kind] = JobKind(
            label=LABELS[act],
            permissions=("payments.view_payment", act.permission),
            run=partial(run, act),
            panel=panel,
            back=lambda _job: reverse("payments:list"),
        )
