"""The shapes of the API. Amounts are integers in the minor unit of their currency."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

MOST_MINOR = 2**53
PROBLEM_TYPE = "urn:comptoir:problem:…"


def _written_out(value: Any) -> Any:
    """A number would be read as seconds, or as something else: one reader's guess."""
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("a moment has a date, a time and an offset")
    return value


def _in_utc(value: datetime) -> datetime:
    """Offsets of a day and less are legal; a database takes fewer of them."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a moment is within the years 1 to 9999") from error


Minor = Annotated[int, Field(strict=True, ge=1, le=MOST_MINOR, examples=[1234])]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]


class In(Schema):
    """What is sent: an unknown field is a mistake, never ignored."""

    model_config = {"extra": "forbid"}


class Problem(Schema):
    """RFC 9457. `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    errors: list[FieldError] | None = None


class FieldError(Schema):
    """What is wrong with one field."""

    field: str
    code: str


class PaymentIn(In):
    """A payment to be taken. With `confirm` false it waits for `/confirm`, which may bring the
    card."""

    amount: Minor
    currency: CurrencyCode
    card: uuid.UUID | None = None
    confirm: bool = True
    customer: uuid.UUID | None = None
    order_reference: str = Field("", max_length=80)
    capture_method: Literal["automatic", "manual"] = "automatic"


class NothingIn(In):
    """Nothing more is to be said: no body, or an empty object."""


class ConfirmIn(In):
    """With which card; without one, the one that was given or tried before."""

    card: uuid.UUID | None = None


class CaptureIn(In):
    """Part of what is held; without an amount all of it. `final` lets go of the rest."""

    amount: Minor | None = None
    final: bool = False


class IncrementIn(In):
    """How much more is to be held."""

    amount: Minor


class RefundIn(In):
    """Part of what was captured; without an amount all that can be refunded."""

    payment: uuid.UUID
    amount: Minor | None = None
    reason: str = Field("requested_by_customer", max_length=40)
    comment: str = Field("", max_length=500)


class CustomerIn(In):
    """A person. Everything is optional, sealed where it rests, and answered masked."""

    name: str = Field("", max_length=200)
    email: str = Field("", max_length=254)
    phone: str = Field("", max_length=40)
    address: str = Field("", max_length=500)


class CustomerChange(In):
    """What is to change; a field left out stays as it is."""

    name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=254)
    phone: str | None = Field(None, max_length=40)
    address: str | None = Field(None, max_length=500)


class CardIn(In):
    """A card as the provider calls it. A card number is refused."""

    token: str = Field(min_length=1, max_length=120)
    customer: uuid.UUID | None = None
    connector: str = Field("sandbox", max_length=32)


class CardOut(Schema):
    id: uuid.UUID
    object: Literal["card"]
    livemode: bool
    connector: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    funding: str
    country: str
    customer: uuid.UUID | None
    created_at: datetime


class CustomerOut(Schema):
    """A customer; personal fields are masked."""

    id: uuid.UUID
    object: Literal["customer"]
    livemode: bool
    reference: str
    name: str
    email: str
    phone: str
    version: int
    created_at: datetime


class DeclineOut(Schema):
    """Why a bank said no: our code beside its own, and what to do."""

    code: str
    raw_code: str
    category: str
    retryable: bool
    for_customer: str
    advice: str


class ChecksOut(Schema):
    avs: str
    cvv: str
    three_ds: str


class AttemptOut(Schema):
    """One try at one provider."""

    id: uuid.UUID
    number: int
    status: str
    connector: str
    amount: int
    amount_approved: int
    card: uuid.UUID
    brand: str
    last_four: str
    checks: ChecksOut
    decline: DeclineOut | None
    expires_at: datetime | None
    expires_by: Literal["", "provider", "network"] = ""


class FailureOut(Schema):
    """Why a capture failed. `retryable`: another capture of the same authorization may pass; we try
    none by ourselves."""

    code: str
    retryable: bool
    advice: str


class RetryOut(Schema):
    """When we ask the provider next about what has no end yet, and how often we asked of how often
    we do. `next_at` null: only a person goes on with it."""

    next_at: datetime | None
    asked: int
    most: int


class CaptureOut(Schema):
    id: uuid.UUID
    amount: int
    status: str
    created_at: datetime
    failure: FailureOut | None = None
    retry: RetryOut | None = None


class IncrementOut(Schema):
    id: uuid.UUID
    amount: int
    status: str
    created_at: datetime


class ActionOut(Schema):
    """Whether something may be done now, and if not, why not."""

    allowed: bool
    reason: str


class PaymentOut(Schema):
    """A payment. An outcome that nobody knows yet is `processing`, never `failed`."""

    id: uuid.UUID
    object: Literal["payment"]
    livemode: bool
    reference: str
    status: str
    amount: int
    currency: str
    amount_authorized: int
    amount_capturable: int
    amount_captured: int
    amount_refundable: int
    amount_refunded: int
    capture_method: str
    order_reference: str
    customer: uuid.UUID | None
    card: uuid.UUID | None
    version: int
    created_at: datetime
    confirm_until: datetime | None
    attempts: list[AttemptOut]
    captures: list[CaptureOut]
    increments: list[IncrementOut]
    actions: dict[str, ActionOut] | None = None


class RefundOut(Schema):
    """Money on its way back."""

    id: uuid.UUID
    object: Literal["refund"]
    livemode: bool
    reference: str
    payment: uuid.UUID
    amount: int
    currency: str
    status: str
    reason: str
    failure_code: str
    arn: str
    version: int
    created_at: datetime


class PaymentList(Schema):
    """`next` is the `after` of the following page, null on the last."""

    data: list[PaymentOut]
    next: str | None


class RefundList(Schema):
    data: list[RefundOut]
    next: str | None


class CustomerList(Schema):
    data: list[CustomerOut]
    next: str | None


Problem.model_rebuild()
