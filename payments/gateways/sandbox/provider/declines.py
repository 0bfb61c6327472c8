from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    """What an issuer says when it says no: our word, the network's code, the text."""

    code: str
    network_response_code: str
    message: str


DECLINES = {
    decline.code: decline
    for decline in (
        Decline("insufficient_funds", "51", "The account has insufficient funds."),
        Decline("do_not_honor", "05", "The issuer declined without giving a reason."),
        Decline("lost_card", "41", "The card was reported lost."),
        Decline("stolen_card", "43", "The card was reported stolen."),
        Decline("expired_card", "54", "The card has expired."),
        Decline("incorrect_cvc", "N7", "The security code is wrong."),
        Decline("suspected_fraud", "59", "The issuer suspects fraud."),
        Decline("card_limit_exceeded", "61", "The amount exceeds the card's limit."),
        Decline("velocity_exceeded", "65", "The card was used too often."),
        Decline("issuer_unavailable", "91", "The issuer cannot be reached."),
        Decline("retry_later", "19", "Try the transaction again later."),
        Decline("invalid_account", "14", "The account does not exist."),
        Decline("card_not_supported", "57", "The card does not allow this kind of purchase."),
        Decline("currency_not_supported", "12", "The card does not allow this currency."),
        Decline("restricted_card", "62", "The card is restricted."),
        Decline("pick_up_card", "04", "The issuer asks for the card to be withheld."),
        Decline("authentication_required", "1A", "The issuer asks for 3-D Secure."),
        Decline("stop_payment", "R0", "The cardholder stopped this payment."),
    )
}

AUTHENTICATION_FAILED = Decline("authentication_failed", "1A", "The cardholder failed 3-D Secure.")
