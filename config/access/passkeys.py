"""Passkeys: allauth's forms, held to our own address and to what a browser may really send."""

from __future__ import annotations

import json
import struct
from typing import Any

from allauth.core import context as current
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number

MOST_SIGNS = 20_000
BROKEN = (AttributeError, LookupError, TypeError, ValueError, struct.error)
"""What the parsers below raise for something that no browser would send."""


def not_accepted() -> ValidationError:
    error: ValidationError = get_adapter().validation_error("incorrect_code")
    return error


def accepted_origins() -> list[str]:
    """Where a passkey may be used: as set, else where this page was asked for."""
    request = current.request
    own = f"{request.scheme}://{request.get_host()}"
    return settings.PASSKEY_ORIGINS or [own]


def check_origin(credential: Any) -> None:
    """The page that asked for the passkey was ours. Raises ValidationError."""
    try:
        said = json.loads(urlsafe_base64_decode(credential["response"]["clientDataJSON"]))["origin"]
    except BROKEN:
        raise not_accepted() from None
    if said not in accepted_origins():
        raise not_accepted()


class _FromBrowser:
    """Refuses in words what the parsers would stumble over."""

    def clean_credential(self) -> Any:
        credential = self.cleaned_data["credential"]  # type: ignore[attr-defined]
        if len(json.dumps(credential)) > MOST_SIGNS:
            raise not_accepted()
        check_origin(credential)
        above: Any = super()
        if not hasattr(above, "clean_credential"):
            return credential
        try:
            return above.clean_credential()
        except ValidationError:
            raise
        except BROKEN:
            raise not_accepted() from None


class AddPasskey(_FromBrowser, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey, made so that it signs in by itself unless the person says otherwise."""

    name = forms.CharField(
        label=_("Name"), required=False, max_length=60, validators=[refuse_card_number]
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it, without the password"),
        required=False,
        initial=True,
        help_text=_(
            "Your device asks for your finger, your face or its PIN each time. "
            "Without this, it is asked for after the password."
        ),
    )

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            raise
        except BROKEN:
            raise not_accepted() from None
        return cleaned


class RenamePasskey(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Name"), max_length=60, validators=[refuse_card_number])


class AuthenticateByPasskey(_FromBrowser, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """As the second factor, after the password."""


class SignInByPasskey(_FromBrowser, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password."""

    def clean_credential(self) -> Authenticator:
        found: Authenticator = super().clean_credential()
        if not found.user.is_active:
            raise not_accepted()
        return found


class ProveByPasskey(_FromBrowser, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """By somebody who is signed in."""
