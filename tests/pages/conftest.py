"""A small house with something behind every address."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from audit.actor import acting_as, operator
from audit.approvals.models import Approval, ApprovalLimit
from audit.jobs.models import Job
from audit.lists.commands import save_view
from audit.lists.models import SavedView
from audit.models import LogEntry
from audit.notes.commands import add_note
from audit.notes.models import Note, Tag
from audit.outbox.models import Message
from config.access.commands import create_person
from config.access.models import User
from config.access.roles import ROLES
from config.access.snapshot import person as actor_of
from config.api.models import ApiKey
from payments.commands.bulk import act_on_many
from payments.gateways.commands import receive_event, set_route
from payments.gateways.models import ConnectorAccount, Route
from payments.models import Capture, Payment, RefundReason
from payments.queries.bulk import Act
from payments.webhooks.commands.endpoints import create_endpoint, send_test
from payments.webhooks.models import Delivery
from tests.api.conftest import make_secret_key
from tests.payments.builders import captured_payment, eur, requested_refund

VISITOR, SUPERUSER = "visitor", "superuser"
PERSONAL = ("Odile", "Fontane", "odile.fontane@example.test", "+33 1 99 00 12 34", "@house.test")


@dataclass(frozen=True, slots=True)
class House:
    payment: Payment
    approval: Approval
    reason: RefundReason
    limit: ApprovalLimit
    role: Group
    colleague: User
    entry: LogEntry
    note: Note
    tag: Tag
    view: SavedView
    job: Job
    message: Message
    api_key: ApiKey
    capture: Capture
    event_id: uuid.UUID
    account: ConnectorAccount
    route: Route
    delivery: Delivery


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def house(db: None) -> House:
    """A captured payment with a refund that waits for a second person, and what is set."""
    cache.clear()
    with acting_as(operator("test")):
        colleague = create_person(email="colleague@house.test", roles=["support_agent"])
        payment = captured_payment(eur(10_000))
        made = {**_settings(payment), **_with_providers(payment)}
    with acting_as(actor_of(colleague)):
        made |= _work_of_the_colleague(payment)
    return House(
        payment=payment,
        colleague=colleague,
        reason=RefundReason.objects.order_by("position", "code")[0],
        entry=LogEntry.objects.filter(event="payments.refund.requested")[0],
        message=Message.objects.get(task="jobs.run"),
        capture=Capture.objects.get(payment=payment),
        **made,
    )


def _settings(payment: Payment) -> dict[str, Any]:
    limit = ApprovalLimit.objects.create(
        role=Group.objects.get(name="support_lead"), currency="EUR", max_minor=50_000
    )
    api_key, _secret = make_secret_key(payment.merchant)
    tag = Tag.objects.create(code="callback", label="Call back")
    return {"limit": limit, "role": limit.role, "api_key": api_key, "tag": tag}


def _with_providers(payment: Payment) -> dict[str, Any]:
    """An event that a provider told, an account with a rule, a delivery to the shop."""
    event_id = receive_event(
        connector="sandbox",
        event_id="evt_1",
        type="authorization.levitated",
        object_kind="authorization",
        object_reference="auth_1",
        authorization_reference="auth_1",
        body='{"customer": {"email": "odile.fontane@example.test"}}',
        occurred_at=payment.created_at,
    )
    account = ConnectorAccount.objects.get(connector="sandbox")
    route = set_route(account_ids=[account.pk], currency="EUR")
    endpoint = create_endpoint(
        merchant_id=payment.merchant_id,
        url="https://shop.example/hooks",
        types=[],
        key="an endpoint of the shop",
    )
    delivery = send_test(endpoint_id=endpoint.pk, version=endpoint.version)
    return {"event_id": event_id, "account": account, "route": route, "delivery": delivery}


def _work_of_the_colleague(payment: Payment) -> dict[str, Any]:
    refund = requested_refund(payment, eur(1_000))
    note = add_note(kind="payment", subject_id=payment.pk, text="He called twice.", key="n")
    view = save_view(
        list_code="payments", name="Mine", query="", columns=[], key="a view of the colleague"
    )
    job = act_on_many(
        act=Act.REFUND,
        rows=[(str(payment.pk), 100, "EUR")],
        reason="requested_by_customer",
        key="a job of the colleague",
    )
    approval = Approval.objects.get(subject_id=refund.pk)
    return {"approval": approval, "note": note, "view": view, "job": job}


Enter = Callable[[str], Client]


@pytest.fixture
def enter(db: None) -> Enter:
    """A browser of a visitor, of the superuser, or of somebody with one role."""

    def make(who: str) -> Client:
        browser = Client()
        if who == VISITOR:
            return browser
        with acting_as(operator("test")):
            person = create_person(
                email=f"{who}@house.test",
                password="quiet harbour 41 lanterns",
                roles=[who] if who in ROLES else [],
                is_superuser=who == SUPERUSER,
                is_staff=who == SUPERUSER,
            )
        answer = browser.post(
            "/accounts/login/", {"login": person.email, "password": "quiet harbour 41 lanterns"}
        )
        assert answer.status_code == 302, answer.content.decode()
        return browser

    return make
