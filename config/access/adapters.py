"""allauth's doors, hung in our frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from audit.encryption import seal_secret, unseal_secret
from audit.models import Outcome
from audit.work import find_ambient
from config.access import record, snapshot
from config.access.commands import send_mail_later
from config.access.steps import queue_mail

PLACE = "mfa.authenticator"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No sign-up, mail through the outbox, refused sign-ins on record."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render the mail now and send it once this request is committed."""
        request = current.request
        about = {"request": request, "email": email, "current_site": get_current_site(request)}
        language = getattr(context.get("user"), "language", "") or translation.get_language()
        with translation.override(language):
            message = self.render_mail(template_prefix, email, {**about, **context})
        work = find_ambient()
        if work is not None and work.is_open:
            queue_mail(work, template_prefix, message)
        else:
            send_mail_later(kind=template_prefix, message=message)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record.sign_in_refused(credentials, Outcome.DENIED)
            raise

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """allauth's, under our words."""
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use a code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        methods = super().get_reauthentication_methods(user)
        return [{**one, "description": words[one["id"]]} for one in methods]

    def get_client_ip(self, request: HttpRequest) -> str:
        return snapshot.client_address(request) or super().get_client_ip(request)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds are sealed before they are stored."""

    def encrypt(self, text: str) -> str:
        return seal_secret(text, place=PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal_secret(encrypted_text, place=PLACE)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity = {**super().get_public_key_credential_rp_entity(), "name": "Comptoir"}
        return {**entity, "id": settings.PASSKEY_DOMAIN or entity["id"]}


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Ending a session is on record."""

    def end_sessions(self, sessions: Iterable[Any]) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        for session in ended:
            record.session_revoked(session)
