"""What every form of the house takes, and what is thrown at each kind of field.

One row for each address that takes a POST: what a good form of it answers, and its fields with their
kind and a good value. A new form without a row fails `test_every_form_has_its_row`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.pages.conftest import House

CARDS = (
    "4242 4242 4242 4242",
    "４２４２４２４２４２４２４２４２",
    "4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242",
)
NUL, LONG, UNREADABLE = "a\x00b", "x" * 60_000, "\udcff"
"""The last is the byte FF, which is no UTF-8."""
STRANGE = "مرحبا \N{RIGHT-TO-LEFT OVERRIDE}77 🎈 <script>"
"""May be kept by what keeps words, is refused by the rest, and breaks nothing."""
BROKEN = (NUL, LONG, UNREADABLE)
NUMBERS = ("-1", "1e3", "NaN", "٣٫٥", "12,34,5", "99999999999999999999")

HOSTILE: dict[str, tuple[str, ...]] = {
    "words": (*BROKEN, *CARDS),
    "needed": ("", *BROKEN, *CARDS),
    "amount": ("", *BROKEN, *CARDS, *NUMBERS, "12.345"),
    "yen": ("", *BROKEN, *NUMBERS, "12.3"),
    "number": ("", *BROKEN, *NUMBERS),
    "choice": ("nonsense", *BROKEN),
    "pick": ("", "nonsense", *BROKEN),
    "key": ("", "x", *BROKEN),
    "code": ("", "a b", *BROKEN, *CARDS),
    "secret": BROKEN,
    "door": (UNREADABLE,),
}
"""What each kind of field refuses. `words` may be empty, `needed` may not; `choice` may be left
out, `pick` may not; what stands at a door (a password, an address) is only compared."""


@dataclass(frozen=True, slots=True)
class Form:
    """`sign` is what a good one answers, as in the table of addresses."""

    sign: str
    fields: dict[str, tuple[str, Any]]
    query: str = ""


def _key() -> tuple[str, Any]:
    return ("key", lambda: str(uuid.uuid4()))


def _button(sign: str = ">") -> Form:
    """A form of one button: whatever else is sent with it is not looked at."""
    return Form(sign, {"more": ("door", "x")})


def _refused(**fields: tuple[str, Any]) -> Form:
    """Nobody in the little house can send a good one; it is refused whatever it says."""
    return Form("", fields)


def forms_of(house: House) -> dict[str, Form]:
    """The table."""
    label = {"label": ("needed", "Good"), "label_fr": ("words", "Bon"), "position": ("number", "1")}
    person = {"email": ("needed", "new@house.test"), "name": ("words", "New")}
    return {
        **_of_the_door(),
        **_of_the_administration(house, label, person),
        **_of_the_desk(),
        **_of_customers(house),
        **_of_payments(),
        **_of_several_payments(house),
        **_of_notes_and_lists(house),
        **_of_keys_and_events(house),
    }


REASON = ("pick", "requested_by_customer")


def _of_the_desk() -> dict[str, Form]:
    """Search, approvals, the record, work in the background."""
    verdict = {"verdict": ("pick", "approve"), "note": ("words", "Yes."), "key": _key()}
    return {
        "desk:find": Form(">", {"q": ("needed", "P-123456789ABC")}),
        "desk:mode": Form(">", {"mode": ("pick", "test"), "next": ("door", "/payments/")}),
        "desk:walk_new": _button(),
        "desk:walk_end": _button(),
        "log:people": Form(">", {"q": ("needed", "colleague")}),
        "approvals:decision": _refused(**verdict),
        "approvals:withdrawal": _refused(**{"withdrawal-note": ("words", "No.")}),
        "approvals:notice": _refused(next=("door", "/")),
        "jobs:cancellation": _button(),
        "outbox:retry": _refused(reason=("needed", "The provider is back.")),
    }


def _of_customers(house: House) -> dict[str, Form]:
    reveal = {
        "email-reason": ("pick", "identity"),
        "email-ticket": ("words", "DESK-7"),
        "email-key": _key(),
    }
    details = {
        "name": ("words", "Odile Autre"),
        "email": ("words", "other@example.test"),
        "phone": ("words", "+33 1 99 00 77 77"),
        "address": ("words", "1 rue du Bac"),
        "emptied": ("choice", None),
        "reason": ("pick", "asked"),
        "ticket": ("words", "DESK-7"),
        "seen": ("key", _seen_details(house)),
    }
    return {
        "parties:reveal": Form("·", reveal),
        "parties:merge_new": _refused(reason=("needed", "One person."), key=_key()),
        "parties:split_new": _refused(reason=("needed", "Two people."), key=_key()),
        "parties:details_new": Form(">", details),
    }


def _of_payments() -> dict[str, Form]:
    """What may be done to one payment."""
    refund = {"amount": ("amount", "12.34"), "reason": REASON}
    more = {"comment": ("words", "Why"), "seen": ("number", "9000"), "key": _key()}
    held = {"amount": ("amount", "1.00"), "seen": ("number", "0"), "key": _key()}
    correction = {
        "to_status": ("pick", "succeeded"),
        "reason": ("pick", "provider_support"),
        "evidence": ("needed", "Support says so."),
        "provider_reference": ("words", "cap_1"),
        "key": _key(),
    }
    return {
        "payments:refund_new": Form(">", {**refund, **more}),
        "payments:refund_preview": Form("·", refund),
        "payments:capture_new": _refused(**held, rest=("choice", "keep")),
        "payments:capture_void_new": _refused(key=_key()),
        "payments:increment_new": _refused(**held),
        "payments:void_new": _refused(key=_key()),
        "payments:correction_new": _refused(**correction),
        "payments:inquiries": _refused(**{"from": ("door", "unsettled")}),
    }


def _of_several_payments(house: House) -> dict[str, Form]:
    """The list of payments, and what is done from there."""
    found = {"reference": ("words", "P-1"), "amount": ("door", "1"), "since": ("door", "")}
    rows = {"row": ("key", f"{house.payment.pk.hex}:9000:EUR"), "key": _key()}
    return {
        "payments:list": Form(">", found),
        "payments:export_new": Form(
            ">", {"format": ("pick", "csv"), "mode": ("choice", "test"), "key": _key()}
        ),
        "payments:bulk_refunds": Form(">", {**rows, "reason": REASON, "comment": ("words", "Why")}),
        "payments:bulk_captures": Form(">", rows),
        "payments:bulk_voids": Form(">", rows),
        "payments:bulk_tags": Form(">", {**rows, "tag": ("pick", house.tag.code)}),
    }


def _seen_details(house: House) -> Callable[[], str]:
    from payments.parties.queries import details_version, get_customer

    def seen() -> str:
        assert house.payment.customer is not None
        return details_version(get_customer(house.payment.customer.pk))

    return seen


def _of_the_door() -> dict[str, Form]:
    """Signing in, and what a person sets for himself. What is typed here is compared, not kept."""
    secret = ("door", "quiet harbour 41 lanterns")
    doors = {
        "account_login": {"login": ("door", "x@house.test"), "password": secret},
        "account_reauthenticate": {"password": ("door", "wrong")},
        "account_change_password": {
            "oldpassword": ("door", "wrong"),
            "password1": secret,
            "password2": secret,
        },
        "account_reset_password": {"email": ("door", "nobody@house.test")},
        "account_email": {"email": ("door", "x"), "action_add": ("door", "")},
        "mfa_activate_totp": {"code": ("door", "123")},
        "mfa_add_webauthn": {"name": ("door", "Key"), "credential": ("door", "{}")},
        "mfa_edit_webauthn": {"name": ("door", "Key")},
        "mfa_authenticate": {"code": ("door", "123")},
        "mfa_reauthenticate": {"code": ("door", "123")},
        "mfa_reauthenticate_webauthn": {"credential": ("door", "{}")},
        "mfa_login_webauthn": {"credential": ("door", "{}")},
        "set_language": {"language": ("door", "xx"), "next": ("door", "//evil.test/")},
        "presence:beats": {"doing": ("door", "here")},
    }
    buttons = (
        "account_logout",
        "account_signup",
        "account_set_password",
        "account_reset_password_from_key",
        "mfa_remove_webauthn",
        "mfa_generate_recovery_codes",
        "access:stay",
        "access:end_session",
        "usersessions_list",
        "admin:logout",
    )
    return {
        **{name: Form("", fields) for name, fields in doors.items()},
        **{name: _button("") for name in buttons},
    }


def _of_the_administration(
    house: House, label: dict[str, Any], person: dict[str, Any]
) -> dict[str, Form]:
    models = (
        "access_user",
        "auth_group",
        "payments_refundreason",
        "payments_networkterms",
        "approvals_approvallimit",
        "notes_tag",
        "parties_merchant",
    )
    version = {"version": ("key", None)}
    return {
        **{f"admin:{model}_delete": _button("x") for model in models},
        **_of_people_and_roles(person, version),
        **_of_the_houses_lists(house, label, version),
    }


def _of_people_and_roles(person: dict[str, Any], version: dict[str, Any]) -> dict[str, Form]:
    acts = ("reset_mail", "end_sessions")
    whys = {"remove_factor": "lost", "deactivate": "left", "activate": "back"}
    return {
        **{f"admin:access_user_{act}": _button() for act in acts},
        **{
            f"admin:access_user_{act}": Form(">", {"why": ("why", why)})
            for act, why in whys.items()
        },
        "admin:access_user_add": Form(">", {**person, "groups": ("choice", None)}),
        "admin:access_user_change": Form(">", {"name": ("words", "New"), **version}),
        "admin:auth_group_add": Form(
            ">", {"name": ("needed", "callers"), "permissions": ("choice", None)}
        ),
        "admin:auth_group_change": Form(">", {"permissions": ("choice", None), **version}),
    }


def _of_the_houses_lists(
    house: House, label: dict[str, Any], version: dict[str, Any]
) -> dict[str, Form]:
    source = {"source": ("needed", "The contract")}
    limit = {"kind": ("pick", "refund"), "currency": ("pick", "JPY"), "limit": ("yen", "500")}
    merchant = {
        "name": ("needed", "Quai"),
        "statement_descriptor": ("needed", "QUAI"),
        "fee_basis_points": ("number", "140"),
        "new_currency": ("pick", "EUR"),
        "new_fee": ("amount", "0.25"),
    }
    # A fee may be left out.
    merchant_fee = {**merchant, "new_fee": ("fee", "0.25")}
    return {
        "admin:payments_refundreason_add": Form(
            ">", {"code": ("code", "broken"), "act": ("pick", "refund"), **label}
        ),
        "admin:payments_networkterms_add": Form(
            ">", {"network": ("code", "jcb"), "holds_days": ("number", "7"), **source}
        ),
        "admin:payments_networkterms_change": Form(
            ">", {"holds_days": ("number", "7"), **source, **version}
        ),
        "admin:payments_refundreason_change": Form(">", {**label, **version}),
        "admin:notes_tag_add": Form(
            ">", {"code": ("code", "fresh"), "tone": ("pick", "blue"), **label}
        ),
        "admin:notes_tag_change": Form(">", {"tone": ("pick", "blue"), **label, **version}),
        "admin:approvals_approvallimit_add": Form(
            ">", {"role": ("pick", str(house.role.pk)), **limit}
        ),
        "admin:approvals_approvallimit_change": Form(">", {"limit": ("amount", "500"), **version}),
        "admin:parties_merchant_add": Form(">", merchant_fee),
        "admin:parties_merchant_change": Form(
            ">", {"name": ("needed", "Quai"), "fee_EUR": ("fee", "0.25"), **version}
        ),
    }


def _of_notes_and_lists(house: House) -> dict[str, Form]:
    view = {"name": ("needed", "Mine"), "query": ("door", "state=captured")}
    return {
        "notes:note_new": Form(">", {"text": ("needed", "He called."), "key": _key()}),
        "notes:correction": _refused(text=("needed", "He called."), key=_key()),
        "notes:hiding": _button(),
        "notes:return": _button(),
        "notes:tag_new": Form(">", {"tag": ("door", house.tag.code)}),
        "notes:tag_removal": _button(),
        "payments:columns": Form(">", {"column": ("door", "amount"), "query": ("door", "")}),
        "payments:view_new": Form(">", {**view, "role": ("choice", ""), "key": _key()}),
        "payments:view_name": _refused(name=("needed", "Mine")),
        "payments:view_content": _refused(query=("door", "")),
        "payments:view_removal": _button("4"),
        "payments:view_restoration": _button("4"),
    }


def _of_webhooks(house: House) -> dict[str, Form]:
    buttons = ("tests", "disabling", "enabling", "endpoint_redeliveries", "redeliveries")
    said: dict[str, tuple[str, Any]] = {
        "url": ("needed", "http://127.0.0.1/nowhere"),
        "description": ("words", "The shop's own."),
        "types": ("choice", None),
    }
    return {
        "webhooks:endpoint_new": _refused(
            **said,
            key=_key(),
            merchant=("pick", str(house.payment.merchant_id)),
            mode=("pick", "test"),
        ),
        "webhooks:change": _refused(**said),
        "webhooks:rotation": _refused(overlap=("pick", "0"), version=("number", "1")),
        **{f"webhooks:{one}": _button("") for one in buttons},
    }


def _of_keys_and_events(house: House) -> dict[str, Form]:
    account: dict[str, tuple[str, Any]] = {
        "connector": ("pick", "sandbox"),
        "name": ("needed", "Spare"),
        "merchant": ("choice", ""),
        "mode": ("pick", "test"),
        "api_key": ("secret", ""),
        "webhook_secret": ("secret", ""),
        "key": _key(),
    }
    route = {
        "mode": ("pick", "test"),
        "merchant": ("choice", ""),
        "currency": ("choice", ""),
        "brand": ("choice", ""),
        "first": ("needed", "x"),
        "second": ("choice", ""),
        "third": ("choice", ""),
    }
    word = dict.fromkeys(("connector", "sort", "object_kind", "raw", "meaning"), ("door", "x"))
    return {
        "keys:new": Form(
            "·",
            {
                "merchant": ("pick", str(house.payment.merchant_id)),
                "name": ("needed", "Shop"),
                "mode": ("pick", "test"),
                "scopes": ("pick", "payments:read"),
                "days": ("pick", "90"),
                "key": _key(),
            },
        ),
        "keys:rotation": Form("·", {"overlap": ("pick", "0"), "key": _key()}),
        "keys:revocation": Form(">", {"key": _key()}),
        "connectors:new": _refused(**account),
        "connectors:key": _refused(api_key=("secret", "sk_test_none")),
        "connectors:secret": _refused(webhook_secret=("secret", "none"), overlap=("pick", "24")),
        "connectors:route_new": _refused(**route),
        **{
            f"connectors:{act}": _button("")
            for act in ("trials", "enabling", "disabling", "route_ending")
        },
        **_of_webhooks(house),
        "gateways:replays": _button(),
        "gateways:closings": _button("c"),
        "gateways:kind_replays": _refused(
            connector=("door", "x"), type=("door", "x"), note=("door", "x")
        ),
        "gateways:mappings": _refused(**word),
    }


HOSTILE["fee"] = tuple(one for one in HOSTILE["amount"] if one)
HOSTILE["why"] = ("", "nonsense", *BROKEN)
