"""Stripe's decline codes in our words. https://docs.stripe.com/declines/codes"""

from __future__ import annotations

from payments.gateways.declines import UNKNOWN_CODE

CODES: dict[str, str] = {
    "insufficient_funds": "insufficient_funds",
    "do_not_honor": "do_not_honor",
    "do_not_try_again": "stop_payment",
    "generic_decline": "do_not_honor",
    "card_declined": "do_not_honor",
    "call_issuer": "do_not_honor",
    "no_action_taken": "do_not_honor",
    "not_permitted": "card_not_supported",
    "transaction_not_allowed": "card_not_supported",
    "service_not_allowed": "card_not_supported",
    "card_not_supported": "card_not_supported",
    "currency_not_supported": "currency_not_supported",
    "lost_card": "lost_card",
    "stolen_card": "stolen_card",
    "pickup_card": "pick_up_card",
    "restricted_card": "restricted_card",
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "invalid_cvc": "incorrect_cvc",
    "incorrect_number": "invalid_account",
    "invalid_number": "invalid_account",
    "invalid_account": "invalid_account",
    "new_account_information_available": "invalid_account",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "fraudulent": "suspected_fraud",
    "merchant_blacklist": "suspected_fraud",
    "security_violation": "suspected_fraud",
    "invalid_amount": "card_limit_exceeded",
    "card_velocity_exceeded": "velocity_exceeded",
    "withdrawal_count_limit_exceeded": "velocity_exceeded",
    "pin_try_exceeded": "velocity_exceeded",
    "issuer_not_available": "issuer_unavailable",
    "processing_error": "retry_later",
    "reenter_transaction": "retry_later",
    "try_again_later": "retry_later",
    "approve_with_id": "retry_later",
    "authentication_required": "authentication_required",
    "authentication_not_handled": "authentication_required",
    "payment_intent_authentication_failure": "authentication_failed",
    "revocation_of_all_authorizations": "stop_payment",
    "revocation_of_authorization": "stop_payment",
    "stop_payment_order": "stop_payment",
}


def normalise(raw_code: str) -> str:
    """Our code for one of Stripe's; `unknown_decline` for one that nobody has mapped."""
    return CODES.get(raw_code, UNKNOWN_CODE)
