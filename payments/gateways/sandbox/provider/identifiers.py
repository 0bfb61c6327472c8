import hashlib
import uuid
from datetime import datetime


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def _digits(seed: str, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    return str(number)[-count:].zfill(count)


def acquirer_reference(refund_id: str, bin_number: str, at: datetime) -> str:
    """An ARN: 23 digits with the acquirer's number, the day, a sequence and a check digit."""
    body = f"7{bin_number}{at.year % 10}{at:%j}{_digits(refund_id, 11)}"
    return body + _luhn_digit(body)


def network_transaction(authorization_id: str) -> str:
    # With letters, so that nobody's scan for card numbers takes it for one.
    return hashlib.sha256(authorization_id.encode()).hexdigest()[:12].upper() + "NTI"


def _luhn_digit(body: str) -> str:
    total = 0
    for position, character in enumerate(reversed(body)):
        digit = int(character) * (2 if position % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)
