"""The pages about what merchants' systems are told."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import clock
from audit.actor import Actor, ActorKind, acting_as, operator, system
from audit.models import LogEntry
from audit.needs import collect
from payments.parties.models import Merchant
from payments.webhooks.commands.endpoints import (
    create_endpoint,
    disable_endpoint,
    rotate_secret,
    update_endpoint,
)
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Delivery, Endpoint, Event
from payments.webhooks.policy import seen_of
from payments.webhooks.presenting import open_secret
from tests.audit.people import browser_of, hire
from tests.payments.builders import authorized_payment, captured_payment, eur, new_key
from tests.payments.pages import hidden
from tests.payments.webhooks.conftest import Listen
from tests.payments.webhooks.receiver import Receiver, answering, ok

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
URL = "https://shop.example/hooks"
NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")


@pytest.fixture
def controller() -> Client:
    return browser_of(hire("Corin Castellane", "finance_controller"))


@pytest.fixture
def admin() -> Client:
    return browser_of(hire("Adelheid Romero", "access_administrator"))


def form_of(merchant: Merchant, **changed: Any) -> dict[str, Any]:
    return {
        "key": str(uuid.uuid4()),
        "merchant": str(merchant.pk),
        "mode": "test",
        "url": URL,
        "description": "Web shop",
        "types": ["payment.captured", "refund.failed"],
        **changed,
    }


def secret_in(answer: Any) -> str:
    found = re.search(r'id="secret"[^>]*value="([^"]+)"', answer.content.decode())
    return unescape(found.group(1)) if found else ""


def test_an_endpoint_made_on_the_page_shows_its_secret_once(
    merchant: Merchant, controller: Client
) -> None:
    form = form_of(merchant)
    answer = controller.post("/webhook-endpoints/new/", form)
    assert "no-store" in answer["Cache-Control"]
    endpoint = Endpoint.objects.get()
    assert secret_in(answer) == open_secret(endpoint)
    assert (endpoint.types, endpoint.description) == (
        ["payment.captured", "refund.failed"],
        "Web shop",
    )
    again = controller.post("/webhook-endpoints/new/", form)
    assert again.status_code == 200
    assert secret_in(again) == ""
    assert Endpoint.objects.count() == 1
    page = controller.get(f"/webhook-endpoints/{endpoint.pk}/").content.decode()
    assert open_secret(endpoint) not in page
    entry = LogEntry.objects.get(event="webhooks.endpoint.created")
    assert open_secret(endpoint) not in str(entry.changes)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": "http://shop.example/"}, "must begin with https"),
        ({"url": "https://192.168.0.1/"}, "not a public one"),
        ({"url": "https://a:b@shop.example/"}, "name or a password"),
        ({"url": ""}, "This field is required"),
        ({"types": ["payment.levitated"]}, "not one of the available choices"),
        ({"merchant": str(NOBODY)}, "There is no such merchant"),
        ({"mode": "live"}, "not live yet"),
        ({"description": "card 4111 1111 1111 1111"}, "card"),
        ({"key": "x"}, "open it again"),
    ],
)
def test_what_is_not_right_is_said_at_its_field(
    changed: dict[str, Any], words: str, merchant: Merchant, controller: Client
) -> None:
    answer = controller.post("/webhook-endpoints/new/", form_of(merchant) | changed)
    assert answer.status_code in (400, 403, 409)
    assert words in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_an_endpoint_is_changed_on_its_page(
    shop: Receiver, listen: Listen, controller: Client
) -> None:
    endpoint = listen(shop, "payment.captured")
    path = f"/webhook-endpoints/{endpoint.pk}/change/new/"
    assert endpoint.url in controller.get(path).content.decode()
    form = {"url": URL, "description": "till", "types": [], "seen": seen_of(endpoint)}
    answer = controller.post(path, form)
    assert answer.status_code == 302
    changed = Endpoint.objects.get()
    assert (changed.url, changed.types, changed.description) == (URL, [], "till")
    assert controller.post(path, {**form, "url": "https://10.0.0.1/"}).status_code == 400


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"description": "the other till"}, "Description"),
        ({"types": ["refund.succeeded"]}, "Events"),
        ({"url": "https://other.example.com/hooks"}, "Address"),
        ({"types": ["refund.succeeded"], "description": "x"}, "Description, Events"),
    ],
)
def test_what_somebody_else_changed_meanwhile_is_named_and_not_overwritten_unseen(
    shop: Receiver, listen: Listen, controller: Client, other: dict[str, Any], named: str
) -> None:
    endpoint = listen(shop, "payment.captured")
    path = f"/webhook-endpoints/{endpoint.pk}/change/new/"
    seen = hidden(controller.get(path), "seen")
    with acting_as(system("another person")):
        update_endpoint(endpoint_id=endpoint.pk, **other)
    form = {"url": URL, "description": "mine", "types": ["payment.voided"], "seen": seen}
    before = Endpoint.objects.get()
    answer = controller.post(path, form)
    assert answer.status_code == 409
    assert f"Somebody changed this after you opened it: {named}." in answer.content.decode()
    now = Endpoint.objects.get()
    assert (now.url, now.types, now.description) == (before.url, before.types, before.description)
    # He has seen it now: what he sends next is meant.
    again = controller.post(path, {**form, "seen": hidden(answer, "seen")})
    assert again.status_code == 302
    assert Endpoint.objects.get().description == "mine"


def test_same_change_by_two_people_is_no_conflict(
    shop: Receiver, listen: Listen, controller: Client
) -> None:
    endpoint = listen(shop, "payment.captured")
    path = f"/webhook-endpoints/{endpoint.pk}/change/new/"
    form = {"url": URL, "description": "till", "types": [], "seen": seen_of(endpoint)}
    assert [controller.post(path, form).status_code for _ in range(2)] == [302, 302]


@pytest.mark.parametrize("seen", ["", "nonsense", "a.b.c", "a.b.c.d"])
def test_form_that_does_not_tell_what_was_seen_changes_nothing(
    shop: Receiver, listen: Listen, controller: Client, seen: str
) -> None:
    endpoint = listen(shop, "payment.captured")
    path = f"/webhook-endpoints/{endpoint.pk}/change/new/"
    form = {"url": URL, "description": "till", "types": [], "seen": seen}
    assert controller.post(path, form).status_code in (400, 409)
    assert Endpoint.objects.get().description == endpoint.description


def test_a_secret_is_exchanged_once_by_one_form(
    shop: Receiver, listen: Listen, controller: Client
) -> None:
    endpoint = listen(shop)
    old = open_secret(endpoint)
    path = f"/webhook-endpoints/{endpoint.pk}/rotation/new/"
    form = {"version": "0", "overlap": "24"}
    new = secret_in(controller.post(path, form))
    assert new not in ("", old)
    assert controller.post(path, form).status_code == 302
    assert open_secret(Endpoint.objects.get()) == new
    assert (
        "signs too until" in controller.get(f"/webhook-endpoints/{endpoint.pk}/").content.decode()
    )


def test_an_endpoint_is_tried_out_disabled_and_enabled(
    shop: Receiver, listen: Listen, controller: Client
) -> None:
    endpoint = listen(shop)
    path = f"/webhook-endpoints/{endpoint.pk}"
    for _ in range(2):
        assert controller.post(f"{path}/tests/", {"version": "0"}).status_code == 302
    deliver_due()
    assert len(shop.received) == 1
    controller.post(f"{path}/disabling/")
    assert "Nothing is sent here" in controller.get(f"{path}/").content.decode()
    assert controller.post(f"{path}/tests/", {"version": "1"}).status_code == 409
    controller.post(f"{path}/enabling/")
    assert Endpoint.objects.get().is_enabled


def test_a_delivery_shows_each_try_and_may_be_sent_again(
    shop: Receiver, listen: Listen, merchant: Merchant, controller: Client
) -> None:
    endpoint = listen(shop.then(answering(500, b"<b>no</b>"), ok), "payment.captured")
    payment = captured_payment(eur(4_200), merchant=merchant)
    deliver_due()
    delivery = Delivery.objects.get()
    page = controller.get(f"/webhook-deliveries/{delivery.pk}/").content.decode()
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<b>no</b>" not in page
    assert payment.reference in page
    assert f"msg_{delivery.event_id.hex}" in page
    assert open_secret(endpoint) not in page
    controller.post(f"/webhook-deliveries/{delivery.pk}/redeliveries/")
    deliver_due()
    page = controller.get(f"/webhook-deliveries/{delivery.pk}/").content.decode()
    assert "Try 2" in page
    assert LogEntry.objects.filter(event="webhooks.delivery.redelivered").count() == 1


def test_who_may_not_see_payments_sees_that_it_was_sent_and_not_what(
    shop: Receiver, listen: Listen, merchant: Merchant, admin: Client
) -> None:
    listen(shop.then(answering(500, b"an answer about it")), "payment.captured")
    payment = captured_payment(eur(4_200), merchant=merchant)
    deliver_due()
    page = admin.get(f"/webhook-deliveries/{Delivery.objects.get().pk}/").content.decode()
    assert "webhook-id" in page
    assert payment.reference not in page
    assert "an answer about it" not in page


def test_deliveries_are_filtered(
    shop: Receiver, listen: Listen, merchant: Merchant, controller: Client
) -> None:
    endpoint, other = listen(shop), listen(shop, "payment.captured")
    captured_payment(eur(4_200), merchant=merchant)
    deliver_due()

    def shown(query: str) -> int:
        answer = controller.get(f"/webhook-deliveries/?{query}")
        assert answer.status_code == 200
        return answer.content.decode().count("data-row-link")

    assert shown("") == Delivery.objects.count()
    assert shown(f"endpoint={other.pk}") == 1
    assert shown(f"endpoint={endpoint.pk}&type=payment.captured") == 1
    assert shown("status=failed") == 0
    assert shown("status=delivered") == Delivery.objects.count()
    assert shown("status=nonsense&type=nonsense&endpoint=nonsense&after=nonsense") > 0
    assert controller.get(f"/webhook-deliveries/?endpoint={NOBODY}").status_code == 404


def test_events_are_browsed(merchant: Merchant, controller: Client) -> None:
    payment = captured_payment(eur(4_200), merchant=merchant)
    captured_payment(eur(4_300))

    def shown(query: str) -> int:
        answer = controller.get(f"/shop-events/?{query}")
        assert answer.status_code == 200
        return answer.content.decode().count("data-row-link")

    assert shown("type=payment.captured") == 2
    assert shown(f"type=payment.captured&merchant={merchant.pk}") == 1
    assert shown(f"object={payment.pk}") == 2
    assert shown("mode=live") == 0
    event = Event.objects.get(type="payment.captured", object_id=payment.pk)
    page = controller.get(f"/shop-events/{event.pk}/").content.decode()
    assert payment.reference in page
    assert f"/payments/{payment.pk}/" in page


def test_what_failed_is_sent_again_from_the_page_of_the_endpoint(
    shop: Receiver, listen: Listen, merchant: Merchant, controller: Client
) -> None:
    endpoint = listen(shop.then(answering(410), ok), "payment.captured")
    captured_payment(eur(4_200), merchant=merchant)
    deliver_due()
    path = f"/webhook-endpoints/{endpoint.pk}"
    controller.post(f"{path}/enabling/")
    answer = controller.post(f"{path}/redeliveries/", {"days": "1"}, follow=True)
    assert "1 event is delivered again" in answer.content.decode()
    deliver_due()
    assert Delivery.objects.get().status == Delivery.Status.DELIVERED
    answer = controller.post(f"{path}/redeliveries/", {"days": "1"}, follow=True)
    assert "Nothing has failed since then" in answer.content.decode()


def test_an_endpoint_that_was_given_up_is_told_at_home(
    shop: Receiver, listen: Listen, merchant: Merchant, controller: Client
) -> None:
    endpoint = listen(shop.then(answering(410)), "payment.captured")
    captured_payment(eur(4_200), merchant=merchant)
    deliver_due()
    assert endpoint.reference in controller.get("/").content.decode()
    may = frozenset({"webhooks.view_endpoint", "webhooks.change_endpoint"})
    piles = {
        one.need.code
        for one in collect(
            Actor(ActorKind.SYSTEM, "x", permissions=may), clock.now(), is_live=False
        )
    }
    assert "webhooks_given_up" in piles
    assert LogEntry.objects.filter(event="webhooks.endpoint.given_up").count() == 1


def test_one_that_a_person_disabled_is_nobodys_need(
    shop: Receiver, listen: Listen, controller: Client
) -> None:
    endpoint = listen(shop)
    disable_endpoint(endpoint_id=endpoint.pk)
    assert endpoint.reference not in controller.get("/").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/webhook-endpoints/",
        "/webhook-endpoints/new/",
        "/webhook-endpoints/{endpoint}/",
        "/webhook-endpoints/{endpoint}/change/new/",
        "/webhook-endpoints/{endpoint}/rotation/new/",
        "/webhook-deliveries/",
        "/webhook-deliveries/?endpoint={endpoint}&status=delivered",
        "/webhook-deliveries/{delivery}/",
        "/shop-events/",
        "/shop-events/{event}/",
    ],
)
def test_a_page_costs_no_more_than_twelve_looks(
    path: str, shop: Receiver, listen: Listen, merchant: Merchant, controller: Client
) -> None:
    endpoint = listen(shop)
    for minor in range(1_000, 1_012):
        captured_payment(eur(minor), merchant=merchant)
        create_endpoint(merchant_id=merchant.pk, url=URL, types=["refund.failed"], key=new_key())
    deliver_due()
    delivery = Delivery.objects.filter(type="payment.captured").order_by("pk")[0]
    where = path.format(endpoint=endpoint.pk, delivery=delivery.pk, event=delivery.event_id)
    controller.get(where)
    with CaptureQueriesContext(connection) as queries:
        assert controller.get(where).status_code == 200
    asked = [one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= MOST_QUERIES, asked


def test_lists_go_by_key(merchant: Merchant, controller: Client) -> None:
    begun = clock.now() - timedelta(days=1)
    for number in range(60):
        with clock.at(begun + timedelta(seconds=number)):
            authorized_payment(eur(1_000), merchant=merchant)
    first = controller.get(f"/shop-events/?type=payment.authorized&merchant={merchant.pk}")
    found = re.search(r'rel="next"\s+href="([^"]+)"', first.content.decode())
    assert found is not None
    second = controller.get(unescape(found.group(1)))
    links = [
        re.findall(r'href="(/shop-events/[0-9a-f-]{36}/)"', one.content.decode())
        for one in (first, second)
    ]
    assert (len(links[0]), len(links[1])) == (50, 10)
    assert not set(links[0]) & set(links[1])


def test_a_secret_that_is_rotated_in_the_keyring_still_opens(
    shop: Receiver, listen: Listen
) -> None:
    from audit import rotation

    endpoint = listen(shop)
    rotate_secret(endpoint_id=endpoint.pk, overlap_hours=24, version=0)
    names = {name for name in rotation.registry if name.startswith("webhook")}
    assert names == {
        "webhook secrets",
        "webhook secrets that end",
        "webhook requests",
        "webhook answers",
    }
    with acting_as(operator("test")):
        for name in names:
            sealed = rotation.registry[name]
            for row in sealed.model._default_manager.all():
                if value := getattr(row, sealed.column):
                    assert sealed.renew(row) != value
