"""What each connector can do: one table, for the desk, for the API, and for the refusal before a
call that could only fail.

`Support.SOMETIMES`: the provider decides card by card; it is asked, and its no is a no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.gateways.stripe.amounts import CURRENCIES as STRIPE_CURRENCIES


class Support(StrEnum):
    YES = "yes"
    NO = "no"
    SOMETIMES = "sometimes"

    def __bool__(self) -> bool:
        return self is not Support.NO


class Feature(StrEnum):
    """What one connector can do and another cannot."""

    PARTIAL_CAPTURE = "partial_capture"
    MULTIPLE_CAPTURE = "multiple_capture"
    INCREMENT = "increment"
    VOID_CAPTURE = "void_capture"
    PARTIAL_APPROVAL = "partial_approval"
    PARTIAL_REFUND = "partial_refund"
    THREE_DS = "three_ds"
    DISPUTES = "disputes"
    PAYOUTS = "payouts"
    FIND_BY_KEY = "find_by_key"


LABELS: dict[Feature, Promise] = {
    Feature.PARTIAL_CAPTURE: _("Capture a part"),
    Feature.MULTIPLE_CAPTURE: _("Capture several times"),
    Feature.INCREMENT: _("Hold more later"),
    Feature.VOID_CAPTURE: _("Take a capture back"),
    Feature.PARTIAL_APPROVAL: _("Approve a part"),
    Feature.PARTIAL_REFUND: _("Refund a part"),
    Feature.THREE_DS: _("3-D Secure"),
    Feature.DISPUTES: _("Disputes"),
    Feature.PAYOUTS: _("Payouts"),
    Feature.FIND_BY_KEY: _("Find a call by its key"),
}
WHY_NOT: dict[Feature, Promise] = {
    Feature.MULTIPLE_CAPTURE: _(
        "This provider captures once: make this capture the last, the rest is let go."
    ),
    Feature.PARTIAL_CAPTURE: _("This provider captures all of what is held or nothing."),
    Feature.INCREMENT: _("This provider cannot hold more later."),
    Feature.VOID_CAPTURE: _("This provider takes no capture back: refund instead."),
    Feature.PARTIAL_REFUND: _("This provider refunds all of a payment or nothing."),
}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One connector. `currencies` and `brands` None: it does not say, any may be tried.

    `keys_kept` is how long it remembers an idempotency key; None: for ever.
    """

    connector: str
    label: str
    features: dict[Feature, Support]
    currencies: frozenset[str] | None
    brands: frozenset[str] | None
    keys_kept: timedelta | None
    needs_key: bool
    moves_money: bool
    package: str = ""
    """What must be installed for it, beside us."""

    @property
    def is_installed(self) -> bool:
        return not self.package or find_spec(self.package) is not None

    def supports(self, feature: Feature) -> Support:
        return self.features.get(feature, Support.NO)

    def takes(self, currency: str, brand: str) -> bool:
        """Whether it takes a card of this brand in this currency."""
        is_currency = self.currencies is None or currency in self.currencies
        return is_currency and (self.brands is None or not brand or brand in self.brands)


YES, NO, SOMETIMES = Support.YES, Support.NO, Support.SOMETIMES
F = Feature

SANDBOX = Capabilities(
    connector="sandbox",
    label="Sandbox",
    features=dict.fromkeys(Feature, YES) | {F.DISPUTES: NO, F.PAYOUTS: NO},
    currencies=None,
    brands=None,
    keys_kept=None,
    needs_key=False,
    moves_money=False,
)
STRIPE = Capabilities(
    connector="stripe",
    label="Stripe",
    features={
        F.PARTIAL_CAPTURE: YES,
        F.MULTIPLE_CAPTURE: SOMETIMES,
        F.INCREMENT: SOMETIMES,
        F.VOID_CAPTURE: NO,
        F.PARTIAL_APPROVAL: NO,
        F.PARTIAL_REFUND: YES,
        F.THREE_DS: YES,
        F.DISPUTES: YES,
        F.PAYOUTS: YES,
        F.FIND_BY_KEY: SOMETIMES,
    },
    currencies=STRIPE_CURRENCIES,
    brands=frozenset(
        {
            "visa",
            "mastercard",
            "american_express",
            "amex",
            "discover",
            "diners",
            "jcb",
            "unionpay",
            "cartes_bancaires",
            "eftpos_au",
            "interac",
        }
    ),
    keys_kept=timedelta(hours=24),
    needs_key=True,
    moves_money=True,
    package="stripe",
)
CAPABILITIES: dict[str, Capabilities] = {one.connector: one for one in (SANDBOX, STRIPE)}


def find_capabilities(connector: str) -> Capabilities | None:
    """What a connector can do; None for one that has no line in the table."""
    return CAPABILITIES.get(connector)


def why_not(connector: str, feature: Feature) -> Promise | None:
    """Why a connector cannot do something; None when it can, or may."""
    found = CAPABILITIES.get(connector)
    if found is None or found.supports(feature):
        return None
    return WHY_NOT.get(feature, _("This provider cannot do this."))
