"""What every answer has in common: how a moment is written, and that lists go by index."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments.models import Refund
from payments.webhooks.models import Event
from payments.webhooks.presenting import body_of
from tests.api.conftest import Shop, open_shop
from tests.api.test_payments import authorized, captured
from tests.desk.test_home import walks

pytestmark = pytest.mark.django_db

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
URL = "https://shop.example.com/hooks"


def moments_in(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text that is a moment by its name or by its look."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from moments_in(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from moments_in(one, name)
    elif isinstance(value, str) and (
        name.endswith(("_at", "_until")) or re.match(r"\d{4}-\d\d-\d\dT", value)
    ):
        yield name, value


def check(answer: Any) -> set[str]:
    found = dict(moments_in(answer))
    assert found
    assert {name: text for name, text in found.items() if not MOMENT.fullmatch(text)} == {}
    return set(found)


def test_every_moment_of_every_answer_is_in_utc_with_a_z(shop: Shop) -> None:
    held = authorized(shop)
    taken = captured(shop)
    made = [
        shop.call("POST", f"/payments/{held}/increment", {"amount": 5}),
        shop.call("POST", f"/payments/{taken}/capture", {}, idempotency_key="k"),
        shop.call("POST", "/refunds", {"payment": taken, "amount": 5}),
        shop.call("POST", "/customers", {"name": "Ines"}),
        shop.call("POST", "/webhook_endpoints", {"url": URL}),
        shop.pay(confirm=False),
    ]
    endpoint = made[4].json()["id"]
    made.append(shop.call("POST", f"/webhook_endpoints/{endpoint}/rotate", {}))
    seen: set[str] = set()
    for answer in (one for one in made if one.status_code < 400):
        seen |= check(answer.json())
    for path in ("/payments", "/refunds", "/customers", "/events", "/webhook_endpoints"):
        listed = shop.call("GET", path).json()
        seen |= check(listed)
        seen |= check(shop.call("GET", f"{path}/{listed['data'][0]['id']}").json())
    seen |= check(shop.call("GET", f"/cards/{shop.card.pk}").json())
    assert {"created_at", "confirm_until", "expires_at", "old_secret_until"} <= seen


def test_moments_of_what_is_sent_are_those_of_what_is_asked_for(shop: Shop) -> None:
    payment_id = captured(shop)
    event = Event.objects.filter(object_id=payment_id).order_by("-version")[0]
    told = shop.call("GET", f"/events/{event.pk}").json()
    sent = json.loads(body_of(event, None))
    check(sent)
    assert sent["created_at"] == told["created_at"]


def test_same_moment_is_written_alike_by_post_and_get(shop: Shop) -> None:
    made = shop.pay().json()
    assert shop.call("GET", f"/payments/{made['id']}").json()["created_at"] == made["created_at"]


def test_refunds_of_a_merchant_and_mode_are_read_by_index(shop: Shop) -> None:
    other = open_shop()
    for one in (shop, other):
        one.call("POST", "/refunds", {"payment": captured(one), "amount": 7})
    with CaptureQueriesContext(connection) as queries:
        listed = shop.call("GET", "/refunds").json()["data"]
    assert [one["amount"] for one in listed] == [7]
    statements = [one["sql"] for one in queries if 'FROM "payments_refund"' in one["sql"]]
    assert len(statements) == 1
    assert walks(statements[0], ("payments_refund",)) == []
    assert uses(statements[0], "payments_refund_merchant")


def uses(sql: str, index: str) -> bool:
    """Whether the plan names an index; PostgreSQL decides by statistics, and of two rows it has
    none."""
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return any(index in str(row[3]) for row in cursor.fetchall())


def test_refund_is_of_its_payments_merchant_and_mode(shop: Shop) -> None:
    shop.call("POST", "/refunds", {"payment": captured(shop), "amount": 7})
    refund = Refund.objects.select_related("payment").get()
    assert refund.merchant_id == refund.payment.merchant_id == shop.merchant.pk
    assert refund.is_live == refund.payment.is_live
