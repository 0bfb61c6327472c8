"""What a term may be to the search box: a customer's reference, address, number, id."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.encryption import normalised_phone
from audit.search import Hit, SearchKind, plain
from payments.parties import queries
from payments.parties.models import Customer
from payments.parties.policy import READABLE

VIEW = "parties.view_customer"
TEMPLATE = "parties/search_hits.html"

_REFERENCE = re.compile(rf"C[- ]?([{READABLE}]{{8}})")
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
FEWEST_DIGITS, MOST_DIGITS = 6, 17


def read_reference(term: str) -> str | None:
    """`C-4F7H2K9M`, in any case, with or without the dash."""
    match = _REFERENCE.fullmatch(plain(term).upper())
    return f"C-{match[1]}" if match else None


def read_email(term: str) -> str | None:
    """A whole address; by a part of one nobody can be found."""
    text = plain(term).removeprefix("mailto:").strip("<>")
    return text if _EMAIL.fullmatch(text) else None


def read_phone(term: str) -> list[str] | None:
    """A whole number, however it is spaced; `00` in front is read as `+`, and so is nothing.

    A number of one of our own countries is the same with its code and with `0` in its place.
    """
    text = plain(term).removeprefix("tel:")
    digits = normalised_phone(text).lstrip("+")
    if not (_PHONE.fullmatch(text) and FEWEST_DIGITS <= len(digits) <= MOST_DIGITS):
        return None
    spellings = [text, f"+{digits}", digits]
    if digits.startswith("00"):
        digits = digits[2:]
        spellings.append(f"+{digits}")
    elif digits.startswith("0"):
        # As people of the country say it.
        spellings += [f"+{code}{digits[1:]}" for code in settings.LOCAL_CALLING_CODES]
    for code in settings.LOCAL_CALLING_CODES:
        if digits.startswith(code):
            spellings.append(f"0{digits.removeprefix(code)}")
    return spellings


def read_id(term: str) -> uuid.UUID | None:
    """An id, with or without its dashes."""
    try:
        return uuid.UUID(plain(term))
    except ValueError:
        return None


def _hits(customers: Sequence[Customer]) -> list[Hit]:
    """With what may be shown of them. One SELECT for all."""
    masks = queries.masked_many(customers) if customers else {}
    return [
        Hit(one, reverse("parties:customer", args=[one.pk]), masks[one.pk]) for one in customers
    ]


KINDS = (
    SearchKind(
        code="customer_reference",
        label=_("customer reference"),
        heading=_("Customer with this reference"),
        example="C-4F7H2K9M",
        index="parties_customer_reference_once",
        permission=VIEW,
        read=read_reference,
        find=lambda key, limit, _is_live: _hits(queries.find_customers_by_reference(key)[:limit]),
        template=TEMPLATE,
    ),
    SearchKind(
        code="customer_email",
        label=_("customer's email"),
        heading=_("Customers with this email"),
        example="jane.doe@example.com",
        index="parties_customer_email",
        permission=VIEW,
        read=read_email,
        find=lambda key, limit, _is_live: _hits(queries.find_customers_by_email(key)[:limit]),
        template=TEMPLATE,
    ),
    SearchKind(
        code="customer_phone",
        label=_("customer's telephone number"),
        heading=_("Customers with this telephone number"),
        example="+33 1 99 00 12 34",
        index="parties_customer_phone",
        permission=VIEW,
        read=read_phone,
        find=lambda key, limit, _is_live: _hits(queries.find_customers_by_phones(key)[:limit]),
        template=TEMPLATE,
    ),
    SearchKind(
        code="customer_id",
        label=_("id of a customer"),
        heading=_("Customer with this id"),
        example="7f3a09bc-12de-4f00-8a51-2b6c1d9e0f34",
        index="parties_customer_pkey",
        permission=VIEW,
        read=read_id,
        find=lambda key, limit, _is_live: _hits(queries.find_customers_by_id(key)[:limit]),
        template=TEMPLATE,
    ),
)
