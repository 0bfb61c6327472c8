"""Amounts as people read them. The exponent is ISO 4217's: Babel has others for 13 currencies."""

import re
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import format_currency

from payments.ledger.money import exponent_of

NBSP = "\N{NO-BREAK SPACE}"


def format_money(minor: int, currency: str, locale: Locale) -> str:
    """`minor` units with the currency's code, never its symbol: a dollar sign is five currencies.

    `format_money(123450, "EUR", Locale("en"))` is `EUR 1,234.50`, with no-break spaces.
    """
    exponent = exponent_of(currency)
    return format_currency(
        Decimal(minor).scaleb(-exponent),
        currency,
        format=_pattern(locale, exponent),
        locale=locale,
        currency_digits=False,
    )


@lru_cache(maxsize=64)
def _pattern(locale: Locale, exponent: int) -> str:
    standard = locale.currency_formats["standard"].pattern.split(";")[0]
    decimals = "." + "0" * exponent if exponent else ""
    with_digits = re.sub(r"\.0+", decimals, standard)
    code_first = with_digits.startswith("¤")
    number = with_digits.replace("¤", "").strip(NBSP + " ")
    if code_first:
        return f"¤¤{NBSP}{number};¤¤{NBSP}-{number}"
    return f"{number}{NBSP}¤¤"
