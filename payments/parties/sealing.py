"""How a customer's personal fields rest: sealed for their place, found by blind index."""

from __future__ import annotations

import uuid

from audit.encryption import (
    HIDDEN,
    DataKey,
    blind_index,
    masked_email,
    masked_name,
    masked_phone,
    normalised_email,
    normalised_phone,
    seal,
    unseal,
)
from payments.parties.models import Customer


def place_of(customer_id: uuid.UUID, field: str) -> str:
    """What a sealed value is bound to."""
    return f"{Customer._meta.db_table}:{field}:{customer_id}"


def seal_fields(customer_id: uuid.UUID, key: DataKey, values: dict[str, str]) -> dict[str, str]:
    """The columns for these tidy personal values: sealed text and blind indexes.

    An empty value stays empty, and so does its index.
    """
    columns = {
        field: seal(key, value, place=place_of(customer_id, field)) if value else ""
        for field, value in values.items()
    }
    if "email" in values:
        columns["email_index"] = index_email(values["email"])
    if "phone" in values:
        columns["phone_index"] = index_phone(values["phone"])
    return columns


def index_email(text: str) -> str:
    """The blind index of an address, "" of none."""
    plain = normalised_email(text)
    return blind_index(plain, purpose="customer-email") if plain else ""


def index_phone(text: str) -> str:
    """The blind index of a number, "" of none."""
    plain = normalised_phone(text)
    return blind_index(plain, purpose="customer-phone") if plain.strip("+") else ""


def unseal_field(customer: Customer, key: DataKey, field: str) -> str:
    """The value in the clear, "" of none."""
    sealed: str = getattr(customer, field)
    return unseal(key, sealed, place=place_of(customer.pk, field)) if sealed else ""


def mask_field(field: str, value: str) -> str:
    """What may be shown of a value without anybody's asking for it."""
    masks = {"name": masked_name, "email": masked_email, "phone": masked_phone}
    if field in masks:
        return masks[field](value)
    return HIDDEN if value else ""
