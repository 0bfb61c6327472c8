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
