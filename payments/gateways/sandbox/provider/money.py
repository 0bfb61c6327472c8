from .errors import CallError

LARGEST_AMOUNT = 10**12

ACTIVE_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(ACTIVE_CODES.split())


def check_amount(value: object) -> int:
    """An amount in minor units as it came in JSON: a whole number, above zero, no float."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise CallError(422, "amount_invalid", "The amount is a whole number of minor units.")
    if not 0 < value <= LARGEST_AMOUNT:
        raise CallError(422, "amount_invalid", f"The amount lies between 1 and {LARGEST_AMOUNT}.")
    return value


def check_currency(value: object) -> str:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise CallError(422, "currency_unknown", "The currency is an ISO 4217 code such as EUR.")
    return value
