import hashlib
import re
from dataclasses import dataclass
from typing import Any

from .behaviours import BEHAVIOURS, Behaviour
from .errors import CallError

TOKEN = re.compile(r"(?P<known>tok_[a-z0-9_]{1,60})(?:\.(?P<suffix>[A-Za-z0-9_-]{1,64}))?")

# Issuer number, country, funding: only ranges that networks and providers publish for tests.
ISSUERS = {
    "visa": (
        ("424242", "US", "credit"),
        ("400000", "FR", "debit"),
        ("401288", "DE", "credit"),
        ("411111", "GB", "debit"),
    ),
    "mastercard": (
        ("555555", "US", "credit"),
        ("520082", "FR", "debit"),
        ("510510", "ES", "prepaid"),
        ("222300", "NL", "credit"),
    ),
    "amex": (("378282", "US", "credit"), ("371449", "GB", "credit")),
}
NETWORKS = {"visa": "visa", "mastercard": "mastercard", "amex": "american_express"}
BRANDS_BY_SHARE = ("visa",) * 11 + ("mastercard",) * 7 + ("amex",) * 2


@dataclass(frozen=True, slots=True)
class Card:
    token: str
    brand: str
    bin: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: str
    country: str
    behaviour: Behaviour

    @property
    def network(self) -> str:
        return NETWORKS[self.brand]

    def view(self) -> dict[str, Any]:
        return {
            "object": "card",
            "token": self.token,
            "brand": self.brand,
            "bin": self.bin,
            "last4": self.last4,
            "exp_month": self.exp_month,
            "exp_year": self.exp_year,
            "fingerprint": self.fingerprint,
            "funding": self.funding,
            "country": self.country,
        }


def find_card(token: str) -> Card:
    """The card behind a token; what is not random about it follows from the token's text."""
    match = TOKEN.fullmatch(token)
    behaviour = BEHAVIOURS.get(match["known"]) if match else None
    if match is None or behaviour is None:
        # The text is not repeated: it may be a card number sent by mistake.
        raise CallError(422, "card_unknown", "The card is not one of the sandbox's tokens.")
    digest = hashlib.sha256(token.encode()).digest()
    brand, issuer = _issuer(behaviour, digest, varied=match["suffix"] is not None)
    return Card(
        token=token,
        brand=brand,
        bin=issuer[0],
        last4=f"{int.from_bytes(digest[:4], 'big') % 10_000:04}",
        exp_month=digest[4] % 12 + 1,
        exp_year=(2020 if behaviour.expired else 2029) + digest[5] % 4,
        fingerprint=digest[8:20].hex(),
        funding=issuer[2],
        country=issuer[1],
        behaviour=behaviour,
    )


def _issuer(
    behaviour: Behaviour, digest: bytes, *, varied: bool
) -> tuple[str, tuple[str, str, str]]:
    if not varied:
        brand = behaviour.brand or "visa"
        return brand, ISSUERS[brand][0]
    brand = behaviour.brand or BRANDS_BY_SHARE[digest[6] % len(BRANDS_BY_SHARE)]
    return brand, ISSUERS[brand][digest[7] % len(ISSUERS[brand])]
