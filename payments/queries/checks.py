"""What the card's checks said, in words. Letters are the networks'; a new one is shown as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from payments.gateways.declines import UNKNOWN_CODE, Decline, Fault, explain
from payments.models import Attempt

GOOD, BAD, UNSURE = "green", "red", "secondary"
AVS = {
    "Y": (_("matches"), GOOD),
    "A": (_("street matches, postcode does not"), UNSURE),
    "Z": (_("postcode matches, street does not"), UNSURE),
    "N": (_("does not match"), BAD),
    "U": (_("not checked by the bank"), UNSURE),
}
CVV = {
    "M": (_("matches"), GOOD),
    "N": (_("does not match"), BAD),
    "P": (_("not checked"), UNSURE),
    "U": (_("not checked by the bank"), UNSURE),
}
THREE_DS = {
    "Y": (_("confirmed by the customer"), GOOD),
    "A": (_("tried, the bank takes the risk"), GOOD),
    "C": (_("waiting for the customer"), UNSURE),
    "N": (_("not confirmed"), BAD),
    "R": (_("refused by the bank"), BAD),
    "U": (_("not possible with this card"), UNSURE),
}
FRICTIONLESS = (_("confirmed by the bank without asking"), GOOD)
FAULTS = {
    Fault.CUSTOMER: _("The customer's move"),
    Fault.ISSUER: _("The bank's move"),
    Fault.MERCHANT: _("The merchant's move"),
    Fault.NOBODY: _("Nobody knows whose move it is"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was checked, what came of it, in which colour."""

    label: Any
    words: Any
    tone: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Why an attempt was declined, whose move it is, and what to say."""

    decline: Decline
    whose_move: Any
    raw_code: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt as the page shows it."""

    attempt: Attempt
    checks: list[Check]
    declined: Declined | None


def view_attempt(attempt: Attempt) -> AttemptView:
    """Put an attempt into words. No queries: its card must be with it."""
    checks = [
        _check(_("Address"), attempt.avs_result, AVS.get(attempt.avs_result)),
        _check(_("Security code"), attempt.cvv_result, CVV.get(attempt.cvv_result)),
        _check(_("3-D Secure"), attempt.three_ds_result, _three_ds(attempt.three_ds_result)),
    ]
    return AttemptView(attempt, [one for one in checks if one], _declined(attempt))


def _check(label: Any, raw: str, known: tuple[Any, str] | None) -> Check | None:
    if not raw:
        return None
    words, tone = known or (raw, UNSURE)
    return Check(label, words, tone)


def _three_ds(raw: str) -> tuple[Any, str] | None:
    flow, _colon, result = raw.partition(":")
    if flow == "frictionless" and result == "Y":
        return FRICTIONLESS
    return THREE_DS.get(result)


def _declined(attempt: Attempt) -> Declined | None:
    if attempt.status not in (Attempt.Status.DECLINED, Attempt.Status.FAILED):
        return None
    if attempt.status == Attempt.Status.FAILED and not attempt.decline_code:
        return None
    decline = explain(attempt.decline_code or UNKNOWN_CODE)
    return Declined(decline, FAULTS[decline.fault], attempt.raw_decline_code)
