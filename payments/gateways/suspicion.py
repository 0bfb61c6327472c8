"""A provider's answer read with suspicion: what makes no sense is `Unknown`, never a crash."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from payments.gateways.errors import Unknown
from payments.ledger.money import Money

LARGEST_AMOUNT = 10**15

Body = dict[str, Any]


def text_of(body: Body, name: str, most: int = 80) -> str:
    """The provider's text, cut to `most` characters; nothing in it that no database takes."""
    value = body.get(name)
    if value is None:
        return ""
    text = str(value)[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()


def instant_of(body: Body, name: str) -> datetime | None:
    """An instant in UTC, or None when it is missing or none."""
    try:
        moment = datetime.fromisoformat(str(body.get(name)))
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def make_money(minor: int, currency: Any) -> Money:
    """An amount. Raises Unknown for a currency that is none."""
    try:
        return Money(minor, currency)
    except (ValueError, TypeError) as error:
        raise Unknown("the answer's currency makes no sense") from error


def whole_of(body: Body, name: str) -> int:
    """A whole number that is not negative. Raises Unknown."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_AMOUNT:
        raise Unknown(f"the answer's {name} is not a whole number")
    return value


def reference_of(body: Body, name: str) -> str:
    """The name of an object of the provider's. Raises Unknown."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 80 or not value.isprintable():
        raise Unknown(f"the answer's {name} makes no sense")
    return value


def object_of(body: Body, name: str) -> Body:
    """A part that is an object. Raises Unknown."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise Unknown(f"the answer's {name} is not an object")
    return value
