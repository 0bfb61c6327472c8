"""What must never be switched on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security)
def no_bypass_code(**_: Any) -> list[Error]:
    """allauth knows a code that opens every second factor; here it must not be set."""
    if getattr(settings, "MFA_TOTP_INSECURE_BYPASS_CODE", None) is None:
        return []
    return [
        Error(
            "MFA_TOTP_INSECURE_BYPASS_CODE opens every account that has a second factor.",
            hint="Remove the setting.",
            id="access.E001",
        )
    ]


@register(Tags.security)
def no_way_around_the_factor(**_: Any) -> list[Error]:
    """Parts of allauth that would let a person in past the second factor that his role asks for."""
    ways = {
        "access.E002": (
            getattr(settings, "MFA_TRUST_ENABLED", False),
            "MFA_TRUST_ENABLED lets a browser skip the second factor.",
        ),
        "access.E003": (
            "allauth.headless" in settings.INSTALLED_APPS,
            "allauth.headless opens an API that the gate does not guard.",
        ),
        "access.E004": (
            getattr(settings, "ACCOUNT_LOGIN_BY_CODE_ENABLED", False),
            "ACCOUNT_LOGIN_BY_CODE_ENABLED makes a mail as good as a password.",
        ),
    }
    return [Error(words, id=code) for code, (is_open, words) in ways.items() if is_open]


@register(Tags.security, deploy=True)
def passkeys_stay_at_home(**_: Any) -> list[Error]:
    """A passkey that any page may ask for protects nothing."""
    if not getattr(settings, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False):
        return []
    return [Error("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN must not be set.", id="access.E005")]
