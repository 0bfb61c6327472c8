"""What every payment provider is to us, whatever it is to others.

Amounts are `Money` (integer minor units). Every call that changes something carries a `key`,
derived by the caller from the row that records its intent and never used for another content:
the same key with the same arguments does nothing twice and gives the same answer. That includes
`occurred_at` (the demo lives in the past), which therefore comes from the row and not the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from payments.ledger.money import Money


class AuthorizationStatus(StrEnum):
    AUTHORIZED = "authorized"
    PARTIALLY_AUTHORIZED = "partially_authorized"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"


class OperationStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    VOIDED = "voided"
    """Of a capture only: it had succeeded and was taken back."""


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """What the issuer said. `amount` was asked for, `approved` is held (zero unless approved).

    Increments are in both. `capturable` is what is left to be captured, `taken` what was captured
    and has not gone back, each None where the provider does not say. `key` is the one that made it,
    empty where the provider does not say.

    `decline_code` is one of `payments.gateways.declines`, empty without a decline; everything
    `raw_` is the provider's own text. `action_url` is where the cardholder goes next.
    """

    status: AuthorizationStatus
    reference: str
    amount: Money
    approved: Money
    raw_status: str
    decline_code: str = ""
    raw_decline_code: str = ""
    network_response_code: str = ""
    network: str = ""
    network_transaction_id: str = ""
    avs: str = ""
    cvv: str = ""
    three_ds: str = ""
    action_url: str = ""
    expires_at: datetime | None = None
    capturable: Money | None = field(default=None, compare=False)
    taken: Money | None = field(default=None, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class OperationAnswer:
    """What became of an increment, a capture, a void or a refund.

    `amount` is what was really moved. `settles_at`, of a capture: until then it can be voided.
    """

    status: OperationStatus
    reference: str
    amount: Money
    raw_status: str
    failure_code: str = ""
    arn: str = ""
    settles_at: datetime | None = None

    def with_status(self, status: OperationStatus) -> OperationAnswer:
        """The same answer with another status."""
        return replace(self, status=status)


class Sort(StrEnum):
    """Which call an operation was."""

    INCREMENT = "increment"
    CAPTURE = "capture"
    VOID = "void"
    VOID_CAPTURE = "void_capture"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Sought:
    """What a key was used for, for providers that find nothing by a key alone."""

    sort: Sort
    authorization_reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What may be known of a card; never its number."""

    token: str
    brand: str
    bin: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: str
    country: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider takes us for. `is_live` None where it does not say."""

    account: str
    is_live: bool | None = None


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A verified message of the provider's. It says that something changed, not what is true now.

    `type` is empty when the message could not be read. `kind` and `reference` name the object,
    `authorization_reference` the authorization that it belongs to (its own for an authorization).
    `raw` is the text as it came.
    """

    id: str
    type: str
    kind: str
    reference: str
    authorization_reference: str
    occurred_at: datetime
    raw: str


@dataclass(frozen=True, slots=True)
class Total:
    """How often and how much of one kind (`captured`, `refunded` …) in one currency."""

    kind: str
    count: int
    amount: Money


class Gateway(Protocol):
    """A connector. Stateless but for its connections; one instance may serve many threads."""

    def authorize(
        self,
        *,
        key: str,
        amount: Money,
        card_token: str,
        reference: str,
        occurred_at: datetime | None = None,
    ) -> AuthorizationAnswer:
        """Ask the issuer to hold `amount`; nothing is captured. A decline is an answer.

        Raises Unavailable, Unknown (Mismatch, UnmappedStatus), Rejected.
        """
        ...

    def increment(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        """Have `amount` more held. Raises Unavailable, Unknown (and kin), Rejected."""
        ...

    def capture(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        is_final: bool = False,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        """Take `amount` of what is held; a final one lets go of the rest.

        Raises Unavailable, Unknown (and kin), Rejected.
        """
        ...

    def void_capture(
        self,
        *,
        key: str,
        capture_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        """Take a whole capture of `amount` back before it is settled.

        Raises Unavailable, Unknown (and kin), Rejected (it is settled).
        """
        ...

    def void(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money | None = None,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        """Let go of what is still held; `amount` if the caller knows how much that is.

        Raises Unavailable, Unknown (Mismatch only with an amount), Rejected.
        """
        ...

    def refund(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        """Give `amount` of what was captured back. Raises Unavailable, Unknown (and kin), Rejected.

        It may still fail days after it succeeded; an event tells.
        """
        ...

    def find_authorization(
        self, key: str, asked_at: datetime | None = None
    ) -> AuthorizationAnswer | None:
        """What `authorize` with this key did, as it is now; None: the provider never did it.

        `asked_at` is when it was first asked for, for providers that forget keys.

        Raises Unavailable or Unknown (ask again later; also while the call is under way).
        """
        ...

    def find_operation(self, key: str, sought: Sought | None = None) -> OperationAnswer | None:
        """What an increment, capture, void or refund with this key did, as it is now; None: never.

        The caller compares the amount. Raises Unavailable or Unknown: ask again later.
        """
        ...

    def retrieve_authorization(self, reference: str) -> AuthorizationAnswer:
        """As it is now. Raises Unavailable, Unknown (UnmappedStatus), Rejected (not there)."""
        ...

    def retrieve_capture(self, reference: str) -> OperationAnswer:
        """As it is now. Raises Unavailable, Unknown (UnmappedStatus), Rejected (not there)."""
        ...

    def retrieve_refund(self, reference: str) -> OperationAnswer:
        """As it is now. Raises Unavailable, Unknown (UnmappedStatus), Rejected (not there)."""
        ...

    def get_card(self, token: str) -> CardFacts:
        """What may be known of the card behind a token. Raises Unavailable, Unknown, Rejected."""
        ...

    def identify(self) -> Identity:
        """Whose credentials these are; the cheapest call that proves them.

        Raises Unavailable, Unknown, Rejected (they are not taken).
        """
        ...

    def verify_event(
        self, headers: Mapping[str, str], raw_body: bytes, now: datetime
    ) -> ProviderEvent:
        """Read a message after proving its sender and its time. Raises Forged and nothing else."""
        ...

    def totals(self) -> tuple[Total, ...]:
        """What the provider has done in all, by currency and kind. Raises Unavailable, Unknown."""
        ...
