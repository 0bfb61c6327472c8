"""What happens to an identity, on record: the signals of Django and allauth, heard once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.dispatch import Signal

from audit import log, modes
from audit.encryption import keyed_digest
from audit.models import Outcome
from config.access import kept, snapshot
from config.access.models import User

SIMPLE: dict[Signal, str] = {
    account.password_changed: "access.password_changed",
    account.password_set: "access.password_set",
    account.password_reset: "access.password_reset",
    account.email_changed: "access.email_changed",
    account.email_added: "access.email_added",
    account.email_removed: "access.email_removed",
}
WITH_FACTOR: dict[Signal, str] = {
    mfa.authenticator_added: "access.factor_added",
    mfa.authenticator_removed: "access.factor_removed",
    mfa.authenticator_reset: "access.factor_reset",
    mfa.authenticator_used: "access.factor_used",
}


def connect() -> None:
    """Listen. Called once, when the apps are ready."""
    for signal, event in SIMPLE.items():
        signal.connect(_Simple(event), dispatch_uid=event, weak=False)
    for signal, event in WITH_FACTOR.items():
        signal.connect(_WithFactor(event), dispatch_uid=event, weak=False)
    mfa.authentication_failed.connect(_factor_failed, dispatch_uid="access.factor_failed")
    auth.user_logged_in.connect(_signed_in, dispatch_uid="access.signed_in")
    auth.user_logged_out.connect(_signed_out, dispatch_uid="access.signed_out")
    auth.user_login_failed.connect(_sign_in_failed, dispatch_uid="access.sign_in_failed")
    account.authentication_step_completed.connect(_step, dispatch_uid="access.reauthenticated")


class _Simple:
    def __init__(self, event: str) -> None:
        self.event = event

    def __call__(self, sender: Any, user: User, **_: Any) -> None:
        log.record(self.event, obj=user)


class _WithFactor:
    def __init__(self, event: str) -> None:
        self.event = event

    def __call__(self, sender: Any, user: User, authenticator: Any, **more: Any) -> None:
        data = {"factor": str(authenticator.type)}
        if more.get("reauthenticated"):
            data["why"] = "reauthentication"
        log.record(self.event, obj=user, data=data)


def _factor_failed(sender: Any, user: User, authenticator: Any = None, **_: Any) -> None:
    factor = str(authenticator.type) if authenticator is not None else "any"
    log.record("access.factor_failed", obj=user, outcome=Outcome.FAILED, data={"factor": factor})


def _signed_in(sender: Any, request: Any, user: User, **_: Any) -> None:
    # The request began as a visitor's; who signs in is the person himself.
    store = request.session
    if hasattr(store, "start"):
        store.start()
        store.prove()
    modes.start(request)
    kept.settle(request, user)
    request.last_person = user.pk
    log.write([log.make_entry(snapshot.person(user, request), "access.signed_in", obj=user)])


def _signed_out(sender: Any, request: Any, user: User | None, **_: Any) -> None:
    request.last_person = None
    if user is not None:
        log.record("access.signed_out", obj=user)


def _sign_in_failed(sender: Any, credentials: Mapping[str, Any], **_: Any) -> None:
    sign_in_refused(credentials, Outcome.FAILED)


def sign_in_refused(credentials: Mapping[str, Any], outcome: Outcome) -> None:
    """A sign-in that did not pass: FAILED when something was wrong, DENIED when too often.

    What was typed may be a password in the wrong box: only its keyed digest is kept.
    """
    typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    log.record(
        "access.sign_in_failed",
        obj=User.objects.filter(email=typed).first(),
        outcome=outcome,
        data={"typed": keyed_digest(typed)},
    )


def session_revoked(session: Any) -> None:
    """Somebody ended a session, his own or (an administrator) another's."""
    log.record("access.session_revoked", obj=session.user)


def _step(sender: Any, request: Any, user: User, method: str, **more: Any) -> None:
    if not more.get("reauthenticated"):
        return
    request.session.prove()
    if method == "password":
        log.record("access.reauthenticated", obj=user, data={"method": method})
