"""Why a card was declined, in our own words, and what to say about it.

Each connector's codes are brought to these. What a customer reads never says that a card was
reported lost or stolen or that fraud is suspected: it may not be the cardholder who reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Category(StrEnum):
    FUNDS = "funds"
    LIMIT = "limit"
    CARD = "card"
    INPUT = "input"
    FRAUD = "fraud"
    AUTHENTICATION = "authentication"
    UNSUPPORTED = "unsupported"
    ISSUER = "issuer"
    OTHER = "other"


class Fault(StrEnum):
    """Whose move it is."""

    CUSTOMER = "customer"
    ISSUER = "issuer"
    MERCHANT = "merchant"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Decline:
    """`retryable`: the same card may be tried again without anything being changed first."""

    code: str
    category: Category
    fault: Fault
    retryable: bool
    for_customer: Promise
    for_agent: Promise


UNKNOWN_CODE = "unknown_decline"

_OTHER_CARD = _("Your bank declined the payment. Please use another card or contact your bank.")
_CHECK_CARD = _("Please check the card's details, or use another card.")
_LATER = _("Your bank could not be reached. Please try again in a few minutes.")
_NOT_THIS_CARD = _("This card cannot be used for this payment. Please use another card.")
_CONFIRM = _("Your bank asks you to confirm the payment. Please try again and confirm it.")

C, F = Category, Fault

_ALL = (
    Decline(
        "insufficient_funds",
        C.FUNDS,
        F.CUSTOMER,
        True,
        _("There is not enough money on this card. Please use another card."),
        _("The account is short of funds. Another card, or the same one another day."),
    ),
    Decline(
        "do_not_honor",
        C.ISSUER,
        F.ISSUER,
        True,
        _OTHER_CARD,
        _("The bank gave no reason. Only the customer can ask it; another card often works."),
    ),
    Decline(
        "lost_card",
        C.FRAUD,
        F.CUSTOMER,
        False,
        _OTHER_CARD,
        _("Reported lost. Do not tell the customer this; do not try the card again."),
    ),
    Decline(
        "stolen_card",
        C.FRAUD,
        F.CUSTOMER,
        False,
        _OTHER_CARD,
        _("Reported stolen. Do not tell the customer this; do not try the card again."),
    ),
    Decline(
        "expired_card",
        C.CARD,
        F.CUSTOMER,
        False,
        _("This card has expired. Please use another card."),
        _("The card has expired. The customer needs the new card or another one."),
    ),
    Decline(
        "incorrect_cvc",
        C.INPUT,
        F.CUSTOMER,
        False,
        _("The security code is wrong. Please enter it again."),
        _("The security code was wrong. The customer may enter it again."),
    ),
    Decline(
        "suspected_fraud",
        C.FRAUD,
        F.ISSUER,
        False,
        _OTHER_CARD,
        _("The bank suspects fraud. Do not tell the customer this; look at the payment's risk."),
    ),
    Decline(
        "card_limit_exceeded",
        C.LIMIT,
        F.CUSTOMER,
        False,
        _("The amount is above your card's limit. Please use another card or contact your bank."),
        _("Above the card's limit. A smaller amount, another card, or a call to the bank."),
    ),
    Decline(
        "velocity_exceeded",
        C.LIMIT,
        F.CUSTOMER,
        True,
        _("This card was used too often. Please try again tomorrow or use another card."),
        _("Used too often in a short time. It may work again in a day."),
    ),
    Decline(
        "issuer_unavailable",
        C.ISSUER,
        F.ISSUER,
        True,
        _LATER,
        _("The bank could not be reached. Try again in a few minutes."),
    ),
    Decline(
        "retry_later",
        C.ISSUER,
        F.ISSUER,
        True,
        _LATER,
        _("The bank asks for another try later."),
    ),
    Decline(
        "invalid_account",
        C.CARD,
        F.CUSTOMER,
        False,
        _CHECK_CARD,
        _("There is no such account. The card may be closed, or was entered wrongly."),
    ),
    Decline(
        "card_not_supported",
        C.UNSUPPORTED,
        F.CUSTOMER,
        False,
        _NOT_THIS_CARD,
        _("The card does not allow this kind of purchase. Only another card helps."),
    ),
    Decline(
        "currency_not_supported",
        C.UNSUPPORTED,
        F.MERCHANT,
        False,
        _NOT_THIS_CARD,
        _("The card does not allow this currency. Another card or another currency."),
    ),
    Decline(
        "restricted_card",
        C.CARD,
        F.CUSTOMER,
        False,
        _NOT_THIS_CARD,
        _("The card is restricted, by country or by kind of shop. Only another card helps."),
    ),
    Decline(
        "pick_up_card",
        C.FRAUD,
        F.ISSUER,
        False,
        _OTHER_CARD,
        _("The bank wants the card withheld. Do not tell the customer; do not try it again."),
    ),
    Decline(
        "authentication_required",
        C.AUTHENTICATION,
        F.MERCHANT,
        False,
        _CONFIRM,
        _("The bank asks for 3-D Secure. The customer has to pay again and confirm."),
    ),
    Decline(
        "authentication_failed",
        C.AUTHENTICATION,
        F.CUSTOMER,
        False,
        _("The payment was not confirmed. Please try again and confirm it with your bank."),
        _("The customer did not pass 3-D Secure. He may try again."),
    ),
    Decline(
        "stop_payment",
        C.CARD,
        F.CUSTOMER,
        False,
        _OTHER_CARD,
        _("The cardholder told the bank to stop this payment. Do not try again."),
    ),
    Decline(
        UNKNOWN_CODE,
        C.OTHER,
        F.NOBODY,
        False,
        _OTHER_CARD,
        _("Declined for a reason we have no name for. The provider's own code is shown as it is."),
    ),
)

DECLINES: dict[str, Decline] = {decline.code: decline for decline in _ALL}


def normalise(raw_code: str) -> str:
    """Our code for a provider's; `unknown_decline` for one that nobody has mapped."""
    return raw_code if raw_code in DECLINES else UNKNOWN_CODE


def explain(code: str) -> Decline:
    """What to know of a normalised code; an unknown one is explained as such, never an error."""
    return DECLINES.get(code, DECLINES[UNKNOWN_CODE])
