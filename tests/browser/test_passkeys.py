"""Passkeys in a real browser, whose authenticator is Chromium's own virtual one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from playwright.sync_api import CDPSession, Page, expect

from audit.actor import acting_as
from audit.models import LogEntry
from config.access.sessions import PROVED, SessionStore
from config.access.snapshot import person
from payments.commands.refunds import refund_payment
from tests.browser.conftest import PASSWORD, Enter, Open, Pay, hire, sign_in
from tests.payments.builders import eur, new_key

pytestmark = pytest.mark.browser

AGED_S = int(timedelta(hours=1).total_seconds())


def give_authenticator(page: Page) -> CDPSession:
    """A device with a finger reader, whose owner always puts his finger on it."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return device


def enrol(page: Page, name: str = "Laptop") -> None:
    page.goto("/accounts/2fa/webauthn/add/")
    if "/reauthenticate/" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url("**/2fa/recovery-codes/**")


def sign_out(page: Page) -> None:
    page.locator(".user-menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def age_the_proofs() -> None:
    """As if an hour had gone by since anybody proved himself."""
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        if PROVED in store:
            store[PROVED] -= AGED_S
            store.save()


def is_in(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def test_passkey_is_enrolled_and_signs_in_without_a_password(enter: Enter) -> None:
    page = enter("support_agent")
    give_authenticator(page)
    enrol(page)
    assert len(re.findall(r"\b\d{8}\b", page.content())) == 10
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_role("row", name="Laptop")).to_contain_text("signing in")
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    is_in(page)
    used = LogEntry.objects.get(event="access.factor_used")
    assert used.additional_data == {"factor": "webauthn"}
    credential = Authenticator.objects.get(type="webauthn").data["credential"]
    entries = LogEntry.objects.filter(event__startswith="mfa.authenticator")
    assert credential["id"] not in "".join(str(vars(one)) for one in entries)


def test_passkey_is_the_second_factor_after_the_password(enter: Enter) -> None:
    page = enter("support_agent")
    give_authenticator(page)
    enrol(page)
    sign_out(page)
    sign_in(page, "support_agent@house.test")
    page.wait_for_url("**/2fa/authenticate/**")
    page.get_by_role("button", name="Use a passkey").click()
    is_in(page)


def test_cancelled_passkey_is_told_in_words_and_opens_nothing(enter: Enter) -> None:
    page = enter("support_agent")
    device = give_authenticator(page)
    enrol(page)
    sign_out(page)
    device.send("WebAuthn.disable")
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": False,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was used")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_approval_with_an_old_proof_is_stepped_up_by_passkey(
    enter: Enter, open_browser: Open, pay: Pay
) -> None:
    agent = hire("support_agent")
    payment = pay(30_000)
    with acting_as(person(agent)):
        refund_payment(
            payment_id=payment.pk,
            amount=eur(20_000),
            reason="requested_by_customer",
            key=new_key(),
        )
    page = enter("support_lead")
    give_authenticator(page)
    enrol(page)
    page.goto("/approvals/")
    page.locator("tbody a").first.click()
    page.get_by_label("Note").first.fill("Seen the slip, the parcel is lost")
    age_the_proofs()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/accounts/reauthenticate/**")
    expect(page.locator("main")).to_contain_text("What you typed is kept")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/approvals/*/")
    expect(page.locator("main")).to_contain_text("Nothing was sent yet")
    expect(page.get_by_label("Note").first).to_have_value("Seen the slip, the parcel is lost")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("approved.")
    why = [one.additional_data for one in LogEntry.objects.filter(event="access.factor_used")]
    assert {"factor": "webauthn", "why": "reauthentication"} in why
