"""Money: whole minor units of one currency. No float and no Decimal anywhere near it.

The number of decimals comes from ISO 4217, never from what a library shows by habit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, total_ordering

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol, get_group_symbol
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from audit.errors import Refusal

MOST_MINOR = 2**63 - 1
"""What a bigint column holds."""
MOST_DIGITS = 12
"""Integer digits that a person may type."""
BASIS_POINTS = 10_000


@lru_cache(maxsize=256)
def exponent_of(currency: str) -> int:
    """The number of decimals of a currency: EUR 2, JPY 0, KWD 3. ValueError when there is none."""
    # ISO 4217 lists gold and test codes too; they have no minor unit and are not money here.
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        raise ValueError(f"unknown currency {currency!r}") from None
    if exponent is None:
        raise ValueError(f"{currency} has no minor unit")
    return int(exponent)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units of `currency` (ISO 4217, upper case)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        if abs(self.minor) > MOST_MINOR:
            raise ValueError("an amount beyond 64 bits")
        exponent_of(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __str__(self) -> str:
        return f"{self.plain()} {self.currency}"

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other

    @property
    def is_zero(self) -> bool:
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        return self.minor < 0

    def plain(self) -> str:
        """The amount for machines: "12.34", "-0.05", "1200" for a currency without decimals."""
        exponent = exponent_of(self.currency)
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        if exponent == 0:
            return sign + digits
        return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights without losing a unit.

        What is left over after rounding down goes, one unit each, to the largest remainders; the
        earlier part wins a tie. ValueError for a negative weight or when all are zero.
        """
        whole = sum(weights)
        if any(weight < 0 for weight in weights) or whole <= 0:
            raise ValueError("weights are not negative, and not all zero")
        sign = -1 if self.minor < 0 else 1
        amount = abs(self.minor)
        shares = [divmod(amount * weight, whole) for weight in weights]
        parts = [share for share, _remainder in shares]
        by_remainder = sorted(range(len(parts)), key=lambda at: -shares[at][1])
        for at in by_remainder[: amount - sum(parts)]:
            parts[at] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def portion(self, basis_points: int) -> Money:
        """So many ten-thousandths of it. Half a unit goes to the even neighbour (half-even)."""
        if isinstance(basis_points, bool) or not isinstance(basis_points, int):
            raise TypeError("basis points are whole numbers")
        share, rest = divmod(self.minor * basis_points, BASIS_POINTS)
        half = BASIS_POINTS // 2
        if rest > half or (rest == half and share % 2 == 1):
            share += 1
        return Money(share, self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing of a currency."""
        return cls(0, currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """The sum of amounts of one currency; zero when there are none."""
        return sum(amounts, start=cls.zero(currency))

    @classmethod
    def parse(cls, text: str, currency: str, locale: str = "en") -> Money:
        """The amount a person typed, without sign: "12.34", "1,234.50", in French "1 234,50".

        Raises a Refusal (`amount_unreadable`, `amount_too_precise`, `amount_too_large`,
        `currency_unknown`). An amount that could be read two ways is refused, never guessed.
        """
        try:
            exponent = exponent_of(currency)
        except ValueError:
            raise Refusal("currency_unknown", _("This currency is not known.")) from None
        whole, fraction = _read_digits(text, locale)
        if len(fraction) > exponent:
            raise Refusal(
                "amount_too_precise",
                _("%(currency)s has %(decimals)s decimals, not %(given)s.")
                % {"currency": currency, "decimals": exponent, "given": len(fraction)},
            )
        if len(whole) > MOST_DIGITS:
            raise Refusal("amount_too_large", _("This amount is too large."))
        return cls(int((whole or "0") + fraction.ljust(exponent, "0")), currency)

    def typed(self, locale: str = "en") -> str:
        """As a person would type it, for `parse`: 1234.50, in French 1234,50."""
        return self.plain().replace(".", _signs_of(locale)[0])


_SPACES = re.compile("[\u0020\u00a0\u2009\u202f]")
LONGEST_TEXT = 40


def _read_digits(text: str, locale: str) -> tuple[str, str]:
    """The digits before and after the decimal sign, without leading zeros before it."""
    decimal, group = _signs_of(locale)
    typed = _SPACES.sub(" ", text.strip()) if len(text) <= LONGEST_TEXT else ""
    typed = typed.replace("\u2019", "'")
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+"
    # A point is a decimal sign everywhere but where it groups thousands.
    signs = re.escape(decimal) + ("" if group == "." else ".")
    pattern = rf"({grouped}|[0-9]+)(?:[{signs}]([0-9]+))?|[{signs}]([0-9]+)"
    match = re.fullmatch(pattern, typed)
    if match is None:
        raise Refusal("amount_unreadable", _("Write the amount in digits, such as 12.34."))
    whole = (match[1] or "").replace(group, "").lstrip("0")
    return whole, match[2] or match[3] or ""


@lru_cache(maxsize=64)
def _signs_of(locale: str) -> tuple[str, str]:
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale("en")
    group = _SPACES.sub(" ", get_group_symbol(known)).replace("\u2019", "'")
    return get_decimal_symbol(known), group
