from dataclasses import dataclass
from typing import Literal

from .declines import AUTHENTICATION_FAILED, DECLINES, Decline

Outcome = Literal["approved", "partial", "declined", "challenge", "pending"]

DISPUTE_REASONS = (
    "fraudulent",
    "unrecognized",
    "duplicate",
    "product_not_received",
    "product_unacceptable",
    "credit_not_processed",
    "subscription_canceled",
    "general",
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the issuer behind a token behaves.

    `decline` is the first answer of a declined card and the last one of a challenge or of a
    pending authorization that ends badly. A `refund_failure` sends a refund back days after it was
    accepted, a `refund_refusal` is said at once.
    """

    outcome: Outcome = "approved"
    decline: Decline | None = None
    brand: str | None = None
    frictionless: bool = False
    refund_failure: str | None = None
    refund_refusal: str | None = None
    dispute_reason: str | None = None
    dispute_after_days: int = 0

    @property
    def expired(self) -> bool:
        return self.decline is not None and self.decline.code == "expired_card"


BEHAVIOURS: dict[str, Behaviour] = {
    "tok_visa_approved": Behaviour(brand="visa"),
    "tok_mastercard_approved": Behaviour(brand="mastercard"),
    "tok_amex_approved": Behaviour(brand="amex"),
    "tok_partial_approval": Behaviour("partial"),
    "tok_pending": Behaviour("pending"),
    "tok_pending_declined": Behaviour("pending", DECLINES["do_not_honor"]),
    "tok_3ds_frictionless": Behaviour(frictionless=True),
    "tok_3ds_challenge_passed": Behaviour("challenge"),
    "tok_3ds_challenge_failed": Behaviour("challenge", AUTHENTICATION_FAILED),
    "tok_refund_fails_later": Behaviour(refund_failure="expired_or_canceled_card"),
    "tok_refund_refused": Behaviour(refund_refusal="account_closed"),
    **{
        f"tok_declined_{code}": Behaviour("declined", decline) for code, decline in DECLINES.items()
    },
    **{
        f"tok_dispute_{reason}": Behaviour(dispute_reason=reason, dispute_after_days=days)
        for days, reason in enumerate(DISPUTE_REASONS, start=10)
    },
}
