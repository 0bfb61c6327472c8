"""Amounts as Stripe writes them: not always in the minor unit of ISO 4217.

https://docs.stripe.com/currencies: amounts are in the smallest unit, but

- some currencies count as zero-decimal whatever ISO says (MGA);
- ISK and UGX have no decimals and are written with two, which must be zeros;
- three-decimal currencies are written with three, the last of which must be zero;
- HUF and TWD are charged with two decimals and paid out in whole units.

An amount that Stripe cannot write is refused before it is sent: nothing is ever rounded.
"""

from __future__ import annotations

from payments.ledger.money import Money, exponent_of

_ZERO = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE = "BHD JOD KWD OMR TND"
_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD
    CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR
    MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
    SCR SEK SGD SHP SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW
"""
ZERO_DECIMAL = frozenset(_ZERO.split())
WRITTEN_WITH_TWO = frozenset({"ISK", "UGX"})
THREE_DECIMAL = frozenset(_THREE.split())
TWO_DECIMAL = frozenset(_TWO.split())
CURRENCIES = ZERO_DECIMAL | WRITTEN_WITH_TWO | THREE_DECIMAL | TWO_DECIMAL
"""What Stripe takes."""


class NotWritable(ValueError):
    """Stripe has no way to write this amount. The message is a code."""


def to_stripe(amount: Money) -> int:
    """The number for an amount. Raises NotWritable."""
    code = amount.currency
    if code not in CURRENCIES:
        raise NotWritable("currency_not_supported")
    ours, theirs = exponent_of(code), digits_at_stripe(code)
    if code in THREE_DECIMAL and amount.minor % 10:
        raise NotWritable("last_decimal_not_zero")
    if theirs >= ours:
        return amount.minor * int(10 ** (theirs - ours))
    whole, rest = divmod(amount.minor, 10 ** (ours - theirs))
    if rest:
        raise NotWritable("decimals_not_zero")
    return int(whole)


def from_stripe(number: int, currency: str) -> Money:
    """The amount of a number. Raises ValueError for what is no amount of the currency."""
    code = currency.upper()
    ours, theirs = exponent_of(code), digits_at_stripe(code)
    if theirs <= ours:
        return Money(number * int(10 ** (ours - theirs)), code)
    whole, rest = divmod(number, 10 ** (theirs - ours))
    if rest:
        raise NotWritable("decimals_not_zero")
    return Money(int(whole), code)


def digits_at_stripe(code: str) -> int:
    """With how many decimals Stripe writes a currency."""
    if code in ZERO_DECIMAL:
        return 0
    if code in WRITTEN_WITH_TWO:
        return 2
    return exponent_of(code)
