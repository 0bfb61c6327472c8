"""How the desk shows money, states, moments and icons. `{% load desk %}`"""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from django import template
from django.forms import BaseForm
from django.template.defaultfilters import capfirst
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language, to_locale
from lucide.templatetags.lucide import lucide

from config.desk.amounts import format_money
from payments.ledger.money import Money, exponent_of

register = template.Library()

DEFAULT_TONE = "secondary"
MINUS = "\N{MINUS SIGN}"
TONES = {
    "authorized": "blue",
    "captured": "green",
    "succeeded": "green",
    "approved": "green",
    "processed": "green",
    "done": "green",
    "delivered": "green",
    "enabled": "green",
    "sending": "azure",
    "partially_captured": "azure",
    "pending": "azure",
    "processing": "azure",
    "running": "azure",
    "received": "azure",
    "requested": "azure",
    "sent": "azure",
    "voiding": "azure",
    "refunded": "purple",
    "partially_refunded": "purple",
    "awaiting_approval": "yellow",
    "requires_action": "yellow",
    "requires_confirmation": "yellow",
    "unknown": "orange",
    "void_unknown": "orange",
    "return_unknown": "orange",
    "held": "orange",
    "taken": "orange",
    "returning": "azure",
    "adopted": "green",
    "conflicted": "red",
    "closing": "azure",
    "returned": "orange",
    "quarantined": "orange",
    "declined": "red",
    "failed": "red",
    "rejected": "red",
}
ALERTS = {
    "debug": ("secondary", "bug"),
    "info": ("info", "info"),
    "success": ("success", "circle-check"),
    "warning": ("warning", "triangle-alert"),
    "error": ("danger", "circle-alert"),
}


@register.filter(name="money")
def money_filter(value: Money | None) -> str:
    """`{{ refund.amount|money }}`: EUR 12.34, or 12,34 EUR. Nothing for None."""
    return "" if value is None else format_money(value.minor, value.currency, active_locale())


@register.simple_tag(name="money")
def money_tag(minor: int, currency: str) -> str:
    """`{% money payment.captured_minor payment.currency %}`"""
    return format_money(minor, currency, active_locale())


@register.simple_tag
def status_badge(status: str, label: str = "") -> SafeString:
    """A state in colour and in words. One that asks for nothing, or is new to us, is neutral."""
    tone = status_tone(status)
    words = label or getattr(status, "label", status)
    return format_html(
        '<span class="badge bg-{}-lt" data-status="{}">{}</span>',
        tone,
        status,
        capfirst(str(words)),
    )


@register.filter
def status_tone(status: str) -> str:
    return TONES.get(str(status), DEFAULT_TONE)


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """An inline drawing beside words; it says nothing to a screen reader."""
    return drawing(name, size)


@lru_cache(maxsize=256)
def drawing(name: str, size: int) -> SafeString:
    return mark_safe(lucide(name, size=size, **{"class": "icon", "aria-hidden": "true"}))  # noqa: S308


@register.simple_tag
def time_tag(moment: datetime | None, precision: str = "minute") -> SafeString | str:
    """The moment in the reader's language and zone; UTC to the second is in its title.

    `precision` is `day`, `minute` or `second`.
    """
    if moment is None:
        return ""
    pattern = {"day": "d MMM y", "minute": "d MMM y, HH:mm", "second": "d MMM y, HH:mm:ss"}
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(timespec="milliseconds"),
        f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        format_datetime(localtime(moment), pattern[precision], locale=active_locale()),
    )


BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser_name(agent: str) -> str:
    """What a browser calls itself, in two words; as it says it when we do not know it."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return " · ".join(filter(None, [browser, system])) or agent[:60]


@register.filter
def alert_tone(level: str) -> str:
    return ALERTS.get(level, ALERTS["info"])[0]


@register.filter
def alert_icon(level: str) -> str:
    return ALERTS.get(level, ALERTS["info"])[1]


def active_locale() -> Locale:
    return Locale.parse(to_locale(get_language() or "en"))


@register.filter
def percent(share: float | None) -> str:
    """`0.912` is 91.2%, or 91,2 %. A dash for nothing."""
    if share is None:
        return "–"
    locale = active_locale()
    pattern = locale.percent_formats[None].pattern.replace("#,##0", "#,##0.0")
    return format_percent(share, format=pattern, locale=locale)


@register.filter
def number(count: int) -> str:
    """`1234` is 1,234, or 1 234."""
    return format_decimal(count, locale=active_locale())


@register.simple_tag
def change_since(now: float | None, then: float | None) -> str:
    """How much more or less: `+12%`. Nothing when there is nothing to compare with."""
    if now is None or not then:
        return ""
    locale = active_locale()
    share = (now - then) / abs(then)
    sign = "+" if share > 0 else MINUS if share < 0 else "±"
    return sign + format_percent(abs(share), locale=locale)


@register.simple_tag
def day_tag(day: date, pattern: str = "EEE d MMM") -> str:
    """A day in the reader's language: Thu 26 Nov. `pattern` is CLDR's."""
    return format_date(day, pattern, locale=active_locale())


@register.filter
def scaled(minor: int, currency: str) -> str:
    """An amount as a script reads it: `1234.5` whatever the reader's language. For drawings."""
    return str(Decimal(minor).scaleb(-exponent_of(currency)))


@register.filter
def unlocalized(share: float | None) -> str:
    """A share as a script reads it; nothing for None."""
    return "" if share is None else f"{share:.4f}"


@register.filter
def is_tampered(form: BaseForm) -> bool:
    """Whether something is wrong with what a person neither sees in a form nor fills in."""
    return any(field.errors for field in form.hidden_fields())
