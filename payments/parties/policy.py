"""What parties may be: pure rules, which tidy a value or refuse it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.encryption import normalised_phone
from audit.texts import clean_text
from payments.ledger.money import BASIS_POINTS, Money, exponent_of
from payments.parties.errors import invalid
from payments.parties.models import CardReference, Customer, Merge

READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The signs of a reference: without what is read or heard as something else; without most vowels,
so without words."""
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
_DESCRIPTOR = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .,&+/#-]{2,22}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{2,119}")


@dataclass(frozen=True, slots=True)
class CardDetails:
    """What a provider tells of a card. `fingerprint` is equal for one card under two tokens."""

    token: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    bin: str = ""
    fingerprint: str = ""
    funding: str = CardReference.Funding.UNKNOWN.value
    country: str = ""


def fee_of(amount: Money, fee_basis_points: int, fee_fixed_minor: int) -> Money:
    """What a merchant pays for a payment: the share (half-even) and the fixed part, never more
    than the amount."""
    return min(amount, amount.portion(fee_basis_points) + Money(fee_fixed_minor, amount.currency))


def check_terms(fixed_fees: Mapping[str, int], fee_basis_points: int = 0) -> None:
    """Fixed fees in minor units by currency, and the share in basis points. Raises a Refusal."""
    if not fixed_fees:
        message = _("A merchant takes payments in one currency or more.")
        raise invalid("currencies", message)
    for currency, minor in fixed_fees.items():
        try:
            exponent_of(currency)
        except ValueError:
            raise invalid("currency", _("This currency is not known.")) from None
        if minor < 0:
            raise invalid("fee_fixed_minor", _("A fee is not negative."))
    check_share(fee_basis_points)


def check_share(fee_basis_points: int) -> None:
    """A share of the amount in basis points. Raises a Refusal."""
    if not 0 <= fee_basis_points <= BASIS_POINTS:
        raise invalid("fee_basis_points", _("A fee is a part of the amount."))


def name_key(name: str) -> str:
    """A merchant's name as it is looked up: without case, accents, or blanks around it."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).strip()[:120]


def clean_name(text: str) -> str:
    """A person's name, up to 120 characters. Raises a Refusal."""
    return clean_text(text, field="name", most=120)


def clean_email(text: str) -> str:
    """An e-mail address as written, or nothing. Raises a Refusal."""
    tidy = clean_text(text, field="email", most=254)
    if tidy:
        try:
            validate_email(tidy)
        except ValidationError:
            raise invalid("email", _("This is not an e-mail address.")) from None
    return tidy


def clean_phone(text: str) -> str:
    """A telephone number as written, 4 to 15 digits (ITU-T E.164), or nothing. Raises a Refusal."""
    tidy = clean_text(text, field="phone", most=32)
    digits = normalised_phone(tidy).lstrip("+")
    if tidy and not (_PHONE.fullmatch(tidy) and 4 <= len(digits) <= 15):
        raise invalid("phone", _("This is not a telephone number."))
    return tidy


def clean_address(text: str) -> str:
    """A postal address in lines, up to 500 characters. Raises a Refusal."""
    return clean_text(text, field="address", most=500, lines=True)


CLEANERS: dict[str, Callable[[str], str]] = {
    "name": clean_name,
    "email": clean_email,
    "phone": clean_phone,
    "address": clean_address,
}
"""How each personal field is tidied."""


def clean_descriptor(text: str) -> str:
    """What stands on a card statement: 2 to 22 plain characters, a letter among them."""
    tidy = clean_text(text, field="statement_descriptor", most=22, required=True)
    if not _DESCRIPTOR.fullmatch(tidy):
        message = _("Use 2 to 22 plain letters, digits and spaces.")
        raise invalid("statement_descriptor", message)
    return tidy


def clean_token(token: str) -> str:
    """A provider's token. Whatever holds a card number, or digits alone, is refused."""
    if not _TOKEN.fullmatch(token) or find_card_number(token) or not re.search("[A-Za-z]", token):
        raise invalid("token", _("This is not a provider's token for a card."))
    return token


def check_card(card: CardDetails) -> None:
    """The little that may be known of a card. Raises a Refusal."""
    clean_token(card.token)
    if not re.fullmatch("(?:[0-9]{6}|[0-9]{8})?", card.bin):
        raise invalid("bin", _("A BIN has six or eight digits."))
    if not re.fullmatch("[0-9]{4}", card.last_four):
        raise invalid("last_four", _("Only the last four digits of a card are kept."))
    if not (1 <= card.exp_month <= 12 and 2000 <= card.exp_year <= 2100):
        raise invalid("expiry", _("This is not a month of expiry."))
    if not re.fullmatch("(?:[A-Z]{2})?", card.country):
        raise invalid("country", _("A country has two capital letters."))
    if card.funding not in CardReference.Funding.values:
        raise invalid("funding", _("This kind of card is not known."))


@dataclass(frozen=True, slots=True)
class Decision:
    """May I, and if not, why not. `reason` is translated and stands beside the button."""

    allowed: bool
    reason: Any = ""

    def __bool__(self) -> bool:
        return self.allowed


def merge_decision(
    duplicate: Customer, survivor: Customer, *, is_erased: bool, has_request: bool
) -> Decision:
    """Whether `duplicate` may become a pointer to `survivor`.

    `is_erased`: the personal data of one of them is gone, so nobody can tell that they are one
    person. `has_request`: somebody has asked already about one of them.
    """
    if duplicate.pk == survivor.pk:
        return Decision(False, _("These are one and the same customer."))
    if duplicate.merchant_id != survivor.merchant_id:
        return Decision(False, _("They are customers of two merchants, who do not share them."))
    if duplicate.is_live != survivor.is_live:
        return Decision(False, _("One of them is a test customer, the other a real one."))
    if duplicate.merged_into_id is not None:
        return Decision(False, _("This customer was merged into another already."))
    if survivor.merged_into_id is not None:
        return Decision(False, _("The other customer was merged into another already."))
    if is_erased:
        return Decision(False, _("The personal data of one of them was erased."))
    if has_request:
        return Decision(False, _("A merge of one of them waits for a decision already."))
    return Decision(True)


def split_decision(merge: Merge, *, has_request: bool) -> Decision:
    """Whether a merge may be taken back. `has_request`: somebody has asked for it already."""
    if merge.status == Merge.Status.TAKEN_BACK:
        return Decision(False, _("This merge was taken back already."))
    if merge.status != Merge.Status.MERGED:
        return Decision(False, _("These two were never merged: there is nothing to take back."))
    if has_request:
        return Decision(False, _("Somebody has asked to take this back already."))
    return Decision(True)


def details_decision(customer: Customer, *, is_erased: bool) -> Decision:
    """Whether the details of a customer may be corrected."""
    if customer.merged_into_id is not None:
        return Decision(False, _("This customer was merged into another: change that one."))
    if is_erased:
        return Decision(False, _("This customer's personal data was erased."))
    return Decision(True)
