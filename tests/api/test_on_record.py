"""What a merchant's system sees and does is on record, as what a person sees and does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import LogEntry, Look
from tests.api.conftest import Shop
from tests.payments.pages import agent_browser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/customers/{customer}", None),
        ("GET", "/customers", None),
        ("PATCH", "/customers/{customer}", {"name": "Zoë Brie"}),
        ("GET", "/payments/{payment}", None),
        ("GET", "/payments", None),
        ("GET", "/cards/{card}", None),
    ],
)
def test_key_that_sees_a_customer_leaves_a_look(
    shop: Shop, method: str, path: str, body: dict[str, str] | None
) -> None:
    payment = shop.pay(customer=str(shop.customer.pk)).json()
    ids = {"customer": shop.customer.pk, "payment": payment["id"], "card": shop.card.pk}
    answer = shop.call(method, path.format(**ids), body)
    assert answer.status_code == 200
    look = Look.objects.select_related("entry").get(entry__cid=answer["Request-Id"])
    assert look.subject_id == shop.customer.pk
    assert (look.entry.actor_kind, look.entry.actor_label) == ("api_key", shop.key.reference)


def test_trail_of_a_call_tells_who_called_and_what_was_done(shop: Shop) -> None:
    answer = shop.pay()
    page = agent_browser("Ada Kessler", "auditor").get(
        reverse("desk:trail", args=[answer["Request-Id"]])
    )
    told = page.content.decode()
    assert page.status_code == 200
    assert shop.key.reference in told
    assert "Took a payment" in told
    entries = LogEntry.objects.filter(cid=answer["Request-Id"])
    assert {one.actor_kind for one in entries} >= {"api_key"}
