"""How a provider can fail us. What each means for the money is the whole point of it.

| error         | did it happen?                | what to do                             |
|---------------|-------------------------------|----------------------------------------|
| `Unavailable` | surely not                    | the same call again, a bit later       |
| `Unknown`     | perhaps                       | ask what the key did, never assume     |
| `Rejected`    | no, and the provider says why | it failed; another try needs a new key |
| `Forged`      | (events) not the provider's   | refuse it                              |

Raised by a method that only asks, `Unavailable` and `Unknown` both mean: ask again later.
No message holds card data, secrets or personal data.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Any of the four."""


class Unavailable(GatewayError):
    """Surely nothing happened: no connection, or too many calls. `retry_after_s` if it said."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CredentialsRefused(Unavailable):
    """The provider does not take our key: nothing happened, and a person must see to it."""


class Unknown(GatewayError):
    """It may have happened: no answer, half an answer, or one without sense."""


class Mismatch(Unknown):
    """The answer is about another amount, currency or object than was asked for.

    `found` is a `Money` where it is the amount.
    """

    def __init__(self, what: str, expected: object, found: object) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


class UnmappedStatus(Unknown):
    """A status that nobody here has seen: kept raw, to be looked at by a person."""

    def __init__(self, kind: str, raw_status: str) -> None:
        super().__init__(f"{kind} has the unmapped status {raw_status!a}")
        self.kind = kind
        self.raw_status = raw_status


class Rejected(GatewayError):
    """The provider refused the call: nothing happened. `code` is the provider's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Forged(GatewayError):
    """A message that does not prove to come from the provider, or not now. `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
