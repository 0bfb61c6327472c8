"""What of people is sealed under the keyring itself, and is renewed when it gets a new key."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session

from audit import rotation
from audit.cipher import VERSION
from audit.encryption import seal_secret, unseal_secret
from config.access import adapters, sessions
from config.access.models import OutgoingMail
from config.access.steps import place_of_mail


def register() -> None:
    """Sessions, second factors, and mail that waits or has been sent."""
    rotation.register_secret("sessions", Session, "session_data", lambda _row: sessions.PLACE)
    rotation.register_secret("mail", OutgoingMail, "sealed", place_of_mail)
    rotation.register(
        rotation.Sealed("second factors", Authenticator, "data", _tokens, _renewed_factor)
    )


def _tokens(data: dict[str, Any]) -> list[str]:
    return [value for value in data.values() if _is_sealed(value)]


def _renewed_factor(factor: Any) -> dict[str, Any]:
    """allauth keeps a factor's facts beside its seed in one value."""
    return {
        name: _renewed(value) if _is_sealed(value) else value for name, value in factor.data.items()
    }


def _renewed(token: str) -> str:
    return seal_secret(unseal_secret(token, place=adapters.PLACE), place=adapters.PLACE)


def _is_sealed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(f"{VERSION}.")
