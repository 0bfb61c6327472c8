"""Pages that no address alone leads to, and pages in a state of their own: who comes there, and how.

The ways are walked in English and in French, so they know no words: names of fields and addresses.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit.actor import acting_as, operator
from audit.approvals.models import Approval
from audit.jobs.models import Job
from config.access.commands import create_person
from config.access.models import User
from config.access.snapshot import person as actor_of
from payments.gateways.commands import receive_event, settle_event
from payments.models import Payment, Refund
from payments.parties import commands as parties
from payments.parties.models import Customer, Merge
from tests.browser.conftest import PASSWORD, work
from tests.browser.scenes import ask_for_work
from tests.browser.test_passkeys import give_authenticator
from tests.pages.conftest import PERSONAL, VISITOR, House
from tests.pages.test_matrix import url_of
from tests.payments import builders
from tests.payments.builders import eur, new_key

SEED = "JBSWY3DPEHPK3PXP"
EMAIL = PERSONAL[2]
STATES = ("full", "dark", "390", "french")


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser, the house, and who is signed in (a visitor: whoever has just been hired)."""

    page: Page
    house: House
    person: User

    def open(self, name: str, **objects: object) -> None:
        """The page of a route of the house."""
        url = reverse(name, kwargs=objects) if objects else url_of(name, self.house)
        self.page.goto(url)

    def prove(self, url: str) -> None:
        """A page that wants a fresh proof of who asks."""
        self.page.goto(url)
        if "/reauthenticate/" in self.page.url:
            self.page.locator("main [name=password]").fill(PASSWORD)
            self.page.keyboard.press("Enter")
            self.page.wait_for_url(f"**{url}")

    def send(self, form: str) -> None:
        """Send a form of the page and wait for the page that answers."""
        with self.page.expect_navigation():
            self.page.locator(f"{form} button[type=submit]").first.click()


@dataclass(frozen=True, slots=True)
class Place:
    """`route` is the address whose page is seen at the end of the way."""

    name: str
    route: str
    role: str
    way: Callable[[Visit], None]

    @property
    def file(self) -> str:
        return f"at-{self.name}"


# Search, home, roles -----------------------------------------------------------------------------


def _search(term: str) -> Callable[[Visit], None]:
    def way(visit: Visit) -> None:
        visit.page.goto("/search/")
        visit.page.locator("#search-everywhere").fill(term)
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")

    return way


def _home(visit: Visit) -> None:
    visit.open("payments:detail")
    visit.page.goto("/")


def _walk(visit: Visit) -> None:
    visit.open("desk:role_preview")
    visit.send("form[action$='/walks/new/']")
    expect(visit.page.locator(".walk")).to_be_visible()


# Second factors and the door ---------------------------------------------------------------------


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


# Customers ---------------------------------------------------------------------------------------


def _reveal(visit: Visit) -> None:
    visit.open("parties:customer")
    visit.page.locator(".reveal > summary").first.click()
    visit.page.locator(".reveal [name$=reason]").first.select_option(index=1)
    visit.send(".reveal[open]")


def _customer(payment: Payment) -> Customer:
    assert payment.customer is not None
    return payment.customer


def _twin(house: House) -> Payment:
    """A payment of the same person under another number."""
    with acting_as(operator("test")):
        merchant = house.payment.merchant
        customer = builders.make_customer(merchant, name="O. Fontane")
        return builders.captured_payment(eur(5_000), merchant=merchant, customer=customer)


def _merge(visit: Visit) -> None:
    twin = _twin(visit.house)
    into = quote(_customer(visit.house.payment).reference)
    visit.page.goto(f"/customers/{twin.customer_id}/merges/new/?into={into}")


def _alike(visit: Visit) -> None:
    _twin(visit.house)
    visit.open("parties:merge_new")


def _asked_merge(house: House) -> Merge:
    twin = _twin(house)
    with acting_as(actor_of(house.colleague)):
        return parties.request_merge(
            duplicate_id=_customer(twin).pk,
            survivor_id=_customer(house.payment).pk,
            reason="She says that both are hers.",
            key=new_key(),
        )


def _merged(house: House) -> Merge:
    merge = _asked_merge(house)
    with acting_as(actor_of(User.objects.get(groups__name="support_lead"))):
        return parties.approve_merge(subject_id=merge.pk, key=new_key())


def _split(visit: Visit) -> None:
    visit.open("parties:split_new", merge_id=_merged(visit.house).pk)


def _split_asked(visit: Visit) -> None:
    merge = _merged(visit.house)
    with acting_as(actor_of(visit.house.colleague)):
        split = parties.request_split(
            merge_id=merge.pk, reason="They are mother and daughter.", key=new_key()
        )
    _decide(visit, split.pk)


def _merge_asked(visit: Visit) -> None:
    _decide(visit, _asked_merge(visit.house).pk)


def _decide(visit: Visit, subject_id: uuid.UUID) -> None:
    visit.open("approvals:detail", approval_id=Approval.objects.get(subject_id=subject_id).pk)


def _decided(visit: Visit) -> None:
    visit.open("approvals:detail")
    visit.send("main form[action$='/decision/new/']")


# Payments ----------------------------------------------------------------------------------------


def _payment(order_reference: str) -> Callable[[Visit], None]:
    return lambda visit: visit.open(
        "payments:detail", payment_id=Payment.objects.get(order_reference=order_reference).pk
    )


def _refunded(visit: Visit) -> None:
    """Money that is back, with the number by which a bank finds it."""
    with acting_as(operator("test")):
        refund = builders.requested_refund(Payment.objects.get(order_reference="YOUNG"), eur(100))
        builders.answer_refund(refund, arn="74537604221222132710572")
    assert Refund.objects.get(pk=refund.pk).status == "succeeded"
    _payment("YOUNG")(visit)


def _too_much(visit: Visit) -> None:
    visit.open("payments:refund_new")
    visit.page.locator("[name=amount]").fill("99999")
    visit.send("main form:has([name=amount])")


def _note(visit: Visit) -> None:
    visit.open("payments:detail")
    visit.page.locator(".note-form [name=text]").fill("She called: the parcel came back.")
    visit.send(".note-form")
    with visit.page.expect_navigation():
        visit.page.locator(".note-acts a").first.click()


def _view(visit: Visit) -> None:
    visit.page.goto(reverse("payments:view_new") + "?state=captured")
    visit.page.locator("main [name=name]").fill("Captured")
    visit.send("main form:has([name=name])")
    visit.open("payments:views")


def _view_name(visit: Visit) -> None:
    _view(visit)
    with visit.page.expect_navigation():
        visit.page.locator("main a[href*='/views/'][href*='/name/']").first.click()


def _filtered(visit: Visit) -> None:
    visit.page.goto("/payments/?status=captured&merchant=&reference=P-NOWHERE")


def _job(visit: Visit) -> None:
    """Several refunds, one of which could not be."""
    ask_for_work(visit.person)
    work()
    visit.open("jobs:detail", job_id=Job.objects.get(asked_by=visit.person).pk)


def _jobs(visit: Visit) -> None:
    _job(visit)
    visit.open("jobs:list")


def _aside(visit: Visit) -> None:
    """Events that nobody knows the meaning of, and one that somebody said."""
    with acting_as(operator("test")):
        for number in range(3):
            pk = receive_event(
                connector="sandbox",
                event_id=f"evt_aside_{number}",
                type="authorization.vanished",
                object_kind="authorization",
                object_reference="auth_2",
                authorization_reference="auth_2",
                body="{}",
                occurred_at=visit.house.payment.created_at,
            )
            settle_event(event_id=pk, status="quarantined", note="unknown type")
    visit.open("gateways:events")


# Keys, and who was looked at ---------------------------------------------------------------------


def _key(visit: Visit) -> None:
    visit.prove(reverse("keys:new"))
    visit.page.locator("[name=merchant]").select_option(index=1)
    visit.page.locator("main [name=name]").fill("Web shop")
    visit.page.locator("[name=scopes]").first.check()
    visit.send("main form:has([name=scopes])")
    expect(visit.page.locator("#secret")).to_be_visible()


def _looks(visit: Visit) -> None:
    visit.open("parties:customer")
    visit.open("parties:looks")


def _people(visit: Visit) -> None:
    with acting_as(operator("test")):
        for name in ("Camille Brun", "Camille Noir"):
            create_person(email=f"{name[8:].lower()}@house.test", name=name, roles=["auditor"])
    visit.open("log:explorer")
    visit.page.locator("[name=q]").last.fill("Camille")
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")


PLACES = (
    Place("search-found", "desk:found", "support_agent", _search(EMAIL)),
    Place("search-nothing", "desk:found", "support_agent", _search("P-000000000000")),
    Place("home-agent", "desk:home", "support_agent", _home),
    Place("home-controller", "desk:home", "finance_controller", _home),
    Place("home-administrator", "desk:home", "access_administrator", _home),
    Place("walk", "desk:walk_new", "auditor", _walk),
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
    Place("customer-revealed", "parties:reveal", "support_lead", _reveal),
    Place("customer-alike", "parties:merge_new", "support_lead", _alike),
    Place("customer-merge", "parties:merge_new", "support_lead", _merge),
    Place("customer-split", "parties:split_new", "support_lead", _split),
    Place("customer-looks", "parties:looks", "auditor", _looks),
    Place("approval-merge", "approvals:detail", "support_lead", _merge_asked),
    Place("approval-split", "approvals:detail", "support_lead", _split_asked),
    Place("approval-decided", "approvals:decision", "support_lead", _decided),
    Place("payment-held", "payments:detail", "support_lead", _payment("HELD-1")),
    Place("payment-unknown", "payments:detail", "support_lead", _payment("LOST")),
    Place("payment-declined", "payments:detail", "support_lead", _payment("DECLINED")),
    Place("payment-refunded", "payments:detail", "support_lead", _refunded),
    Place("refund-too-much", "payments:refund_new", "support_lead", _too_much),
    Place("note-correction", "notes:correction", "support_lead", _note),
    Place("views", "payments:views", "support_lead", _view),
    Place("view-name", "payments:view_name", "support_lead", _view_name),
    Place("list-nothing-fits", "payments:list", "support_lead", _filtered),
    Place("job-done", "jobs:detail", "support_lead", _job),
    Place("jobs", "jobs:list", "support_lead", _jobs),
    Place("events-aside", "gateways:events", "finance_controller", _aside),
    Place("key-made", "keys:new", "access_administrator", _key),
    Place("log-people", "log:people", "auditor", _people),
)

NO_PAGE: dict[str, str] = {
    "account_set_password": "everybody has a password from the first day",
    "account_confirm_login_code": "nobody signs in by a code out of a mail",
    "mfa_login_webauthn": "answers the script of the sign-in page",
    "mfa_reauthenticate_webauthn": "the button of the page that asks for a proof",
    "mfa_download_recovery_codes": "codes are shown once and are no file",
    "desk:find": "leads on to what was found",
    "desk:walk_end": "a button",
    "access:stay": "a button",
    "access:end_session": "a button",
    "admin:login": "leads to the sign-in page",
    "admin:logout": "leads to the sign-in page",
    "admin:password_change": "leads to the page of one's password",
    "admin:autocomplete": "nothing there is looked up",
    "admin:view_on_site": "leads on",
    "approvals:subject": "leads on to what was asked for",
    "approvals:notice": "a button",
    "approvals:withdrawal": "a form of the page of the request",
    "notes:note_new": "a form of the page of the object",
    "notes:file": "a file",
    "notes:hiding": "a button",
    "notes:return": "a button",
    "notes:tag_new": "a button",
    "notes:tag_removal": "a button",
    "presence:beats": "a line of a page",
    "desk:mode": "a button",
    "set_language": "a button",
    "jobs:progress": "a part of a page",
    "jobs:cancellation": "a button",
    "jobs:file": "a file",
    "payments:view_content": "a button",
    "payments:view_removal": "a button",
    "payments:view_restoration": "a button",
    "payments:progress": "a part of a page",
    "payments:refund_preview": "a part of a page",
    "payments:inquiries": "a button",
    "connectors:trials": "a button",
    "connectors:enabling": "a button",
    "connectors:disabling": "a button",
    "connectors:route_ending": "a button",
    "gateways:replays": "a button",
    "gateways:closings": "a button",
    "gateways:kind_replays": "a button",
    "gateways:mappings": "a form of a page",
    "gateways:webhook": "for providers",
    "webhooks:tests": "a button",
    "webhooks:disabling": "a button",
    "webhooks:enabling": "a button",
    "webhooks:endpoint_redeliveries": "a button",
    "webhooks:redeliveries": "a button",
}
"""Addresses without a page of their own, and what they are instead."""
