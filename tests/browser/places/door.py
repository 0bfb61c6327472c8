"""Second factors and the door."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from audit.actor import acting_as, operator
from tests.browser.conftest import PASSWORD
from tests.browser.places.base import SEED, Place, Visit
from tests.browser.test_passkeys import give_authenticator
from tests.pages.conftest import VISITOR


def _new_password(visit: Visit) -> None:
    key = default_token_generator.make_token(visit.person)
    visit.open("account_reset_password_from_key", uidb36=user_pk_to_url_str(visit.person), key=key)


def _app(visit: Visit) -> None:
    with acting_as(operator("test")):
        TOTP.activate(visit.person, SEED)


def _factor(route: str) -> Callable[[Visit], None]:
    return lambda visit: visit.prove(reverse(route))


def _with_app(route: str) -> Callable[[Visit], None]:
    def way(visit: Visit) -> None:
        _app(visit)
        visit.prove(reverse(route))

    return way


def _proof(visit: Visit) -> None:
    _app(visit)
    visit.open("mfa_reauthenticate")


def _second_step(visit: Visit) -> None:
    _app(visit)
    visit.page.goto("/accounts/login/")
    visit.page.locator("[name=login]").fill(visit.person.email)
    visit.page.locator("[name=password]").fill(PASSWORD)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/2fa/authenticate/**")


def _enrol(visit: Visit) -> None:
    """A passkey, whose page shows the recovery codes this once."""
    give_authenticator(visit.page)
    visit.prove(reverse("mfa_add_webauthn"))
    visit.page.locator("[name=name]").fill("Laptop")
    visit.page.locator("#mfa_webauthn_add").click()
    visit.page.wait_for_url("**/2fa/recovery-codes/**")


def _passkey(act: str) -> Callable[[Visit], None]:
    def way(visit: Visit) -> None:
        _enrol(visit)
        visit.open("mfa_list_webauthn")
        if act:
            with visit.page.expect_navigation():
                visit.page.locator(f"main table a[href*='/{act}/']").click()

    return way


PLACES = (
    Place("password-new", "account_reset_password_from_key", VISITOR, _new_password),
    Place("factor-second-step", "mfa_authenticate", VISITOR, _second_step),
    Place("factor-app", "mfa_activate_totp", "auditor", _factor("mfa_activate_totp")),
    Place("factor-app-off", "mfa_deactivate_totp", "auditor", _with_app("mfa_deactivate_totp")),
    Place("factor-proof", "mfa_reauthenticate", "auditor", _proof),
    Place("factors", "mfa_index", "auditor", _with_app("mfa_index")),
    Place(
        "factor-codes-new",
        "mfa_generate_recovery_codes",
        "auditor",
        _with_app("mfa_generate_recovery_codes"),
    ),
    Place("factor-passkey", "mfa_add_webauthn", "auditor", _factor("mfa_add_webauthn")),
    Place("factor-codes", "mfa_view_recovery_codes", "auditor", _enrol),
    Place("factor-passkeys", "mfa_list_webauthn", "auditor", _passkey("")),
    Place("factor-passkey-name", "mfa_edit_webauthn", "auditor", _passkey("edit")),
    Place("factor-passkey-off", "mfa_remove_webauthn", "auditor", _passkey("remove")),
)
