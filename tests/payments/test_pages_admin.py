"""What administrators set: reasons of refunds, and up to how much a role acts alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from audit.actor import acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.models import LogEntry
from config.access.commands import create_person
from payments.models import RefundReason
from tests.audit.people import browser_of
from tests.payments.builders import make_reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def staff_browser(*roles: str, superuser: bool = False) -> Client:
    with acting_as(operator("test")):
        person = create_person(
            email="cora@house.test", roles=roles, is_staff=True, is_superuser=superuser
        )
    return browser_of(person)


@pytest.fixture
def limit() -> ApprovalLimit:
    role = Group.objects.get(name="support_agent")
    return ApprovalLimit.objects.create(role=role, currency="EUR", max_minor=5_000)


def change(browser: Client, address: str, **typed: Any) -> Any:
    page = browser.get(address)
    assert page.status_code == 200
    version = re.search(r'name="version" value="([^"]*)"', page.content.decode())
    return browser.post(address, {**({"version": version[1]} if version else {}), **typed})


def test_a_controller_changes_a_limit_and_it_is_on_record(limit: ApprovalLimit) -> None:
    browser = staff_browser("finance_controller")
    address = f"/admin/approvals/approvallimit/{limit.pk}/change/"
    assert change(browser, address, limit="75.00").status_code == 302
    limit.refresh_from_db()
    assert (limit.max_minor, limit.currency) == (7_500, "EUR")
    entry = LogEntry.objects.get(event="approvals.approvallimit.changed")
    assert entry.changes["max_minor"] == ["5000", "7500"]
    assert entry.actor_roles == ["finance_controller"]


def test_a_limit_stays_with_its_role_and_currency(limit: ApprovalLimit) -> None:
    browser = staff_browser(superuser=True)
    address = f"/admin/approvals/approvallimit/{limit.pk}/change/"
    change(browser, address, limit="0.01", currency="USD")
    limit.refresh_from_db()
    assert (limit.max_minor, limit.currency) == (1, "EUR")


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ({"currency": "usd"}, True),
        ({"currency": "XXQ"}, False),
        ({"limit": "-1"}, False),
        ({"limit": ""}, False),
        ({"limit": "1.234"}, False),
        ({"limit": "1,000.00"}, False),
        ({"limit": "١٠"}, False),
        ({"limit": "9" * 13}, False),
        ({"limit": "1\x00"}, False),
        ({"currency": "JPY", "limit": "1.5"}, False),
    ],
)
def test_a_new_limit_is_in_a_currency_that_exists(typed: dict[str, str], made: bool) -> None:
    browser = staff_browser(superuser=True)
    role = Group.objects.get(name="support_lead")
    given = {"role": str(role.pk), "kind": "refund", "currency": "USD", "limit": "100"}
    answer = change(browser, "/admin/approvals/approvallimit/add/", **{**given, **typed})
    assert answer.status_code == (302 if made else 200)
    assert [one.max_minor for one in ApprovalLimit.objects.all()] == ([10_000] if made else [])


def test_nobody_sets_the_limit_of_his_own_role() -> None:
    browser = staff_browser("finance_controller")
    role = Group.objects.get(name="finance_controller")
    given = {"role": str(role.pk), "kind": "refund", "currency": "USD", "limit": "100"}
    answer = change(browser, "/admin/approvals/approvallimit/add/", **given)
    assert "You hold this role yourself" in answer.content.decode()
    assert not ApprovalLimit.objects.exists()


def test_a_reason_is_no_longer_offered_but_never_deleted() -> None:
    reason = make_reason()
    browser = staff_browser("finance_controller")
    address = f"/admin/payments/refundreason/{reason.pk}/change/"
    answer = change(browser, address, code="other", label="Asked for it", label_fr="", position="1")
    assert answer.status_code == 302
    kept = RefundReason.objects.get()
    assert (kept.code, kept.label, kept.is_active) == (reason.code, "Asked for it", False)
    assert LogEntry.objects.filter(event="payments.refundreason.changed").exists()
    assert browser.post(f"/admin/payments/refundreason/{reason.pk}/delete/").status_code == 403


def test_the_list_of_limits_reads_as_money(limit: ApprovalLimit) -> None:
    ApprovalLimit.objects.create(role=limit.role, currency="JPY", max_minor=5_000)
    ApprovalLimit.objects.create(role=limit.role, currency="KWD", max_minor=5)
    browser = staff_browser("finance_controller")
    page = browser.get("/admin/approvals/approvallimit/").content.decode()
    for amount in ("50.00 EUR", "5000 JPY", "0.005 KWD"):
        assert amount in page


def test_an_agent_has_no_administration(limit: ApprovalLimit) -> None:
    browser = staff_browser("support_agent")
    assert browser.get("/admin/approvals/approvallimit/").status_code == 403
