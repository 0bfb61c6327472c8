"""What a shop is told: an endpoint is added, tried out, fails, and is delivered to again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from audit.actor import acting_as, system
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Delivery, Endpoint
from payments.webhooks.presenting import open_secret
from tests.browser.conftest import Enter
from tests.browser.gallery import look
from tests.payments.builders import make_merchant
from tests.payments.webhooks.receiver import Receiver, answering, ok, running

pytestmark = pytest.mark.browser


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


def deliver() -> None:
    with acting_as(system("webhooks")):
        deliver_due()


def add_endpoint(page: Page, shop: Receiver) -> None:
    """From the menu, as somebody new would."""
    page.locator(".sidebar-links").first.get_by_role("link", name="Webhooks").click()
    page.get_by_role("link", name="New endpoint").click()
    page.get_by_label("Merchant").select_option(index=1)
    page.get_by_label("Address").fill(shop.url)
    page.get_by_label("Description").fill("The web shop")
    page.get_by_label("payment.captured", exact=True).check()
    page.get_by_role("button", name="Make the endpoint").click()


def test_endpoint_is_added_tried_out_and_delivered_to_again(enter: Enter, shop: Receiver) -> None:
    make_merchant(name="Atelier Lumen")
    page = enter("finance_controller")
    page.goto("/")
    add_endpoint(page, shop)
    secret = page.get_by_label("Secret")
    endpoint = Endpoint.objects.get()
    expect(secret).to_have_value(open_secret(endpoint))
    faults = look(page, "webhook-secret")
    page.get_by_role("link", name="To the endpoint").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The web shop")
    expect(page.locator("main")).to_contain_text("Nothing was sent yet")

    shop.then(answering(500, b"out of paper"), ok)
    page.get_by_role("button", name="Try it out").click()
    deliver()
    page.goto(f"/webhook-endpoints/{endpoint.pk}/")
    row = page.get_by_role("row", name=re.compile("webhook.test"))
    expect(row).to_contain_text("500 refused")
    row.get_by_role("link", name="webhook.test").click()
    expect(page.get_by_role("heading", name=re.compile("Try 1"))).to_contain_text("500")
    expect(page.locator("main")).to_contain_text("out of paper")
    faults += look(page, "webhook-delivery-refused")

    page.get_by_role("button", name="Deliver again").click()
    deliver()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name=re.compile("Try 2"))).to_contain_text("200")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Delivered")
    faults += look(page, "webhook-delivery-taken")
    assert faults == []
    assert Delivery.objects.get().status == Delivery.Status.DELIVERED
    told = [one["type"] for one in shop.bodies(open_secret(endpoint))]
    assert told == ["webhook.test", "webhook.test"]


def test_address_that_cannot_be_is_said_at_its_field(enter: Enter, shop: Receiver) -> None:
    make_merchant()
    page = enter("finance_controller")
    page.goto("/webhook-endpoints/new/")
    page.get_by_label("Merchant").select_option(index=1)
    page.get_by_label("Address").fill("https://192.168.0.1/")
    page.get_by_role("button", name="Make the endpoint").click()
    expect(page.locator("main")).to_contain_text("not a public one")
    expect(page.get_by_label("Merchant")).not_to_have_value("")
    assert look(page, "webhook-endpoint-refused") == []
    assert not Endpoint.objects.exists()


def test_endpoint_is_disabled_and_says_that_nothing_is_sent(enter: Enter, shop: Receiver) -> None:
    make_merchant()
    page = enter("finance_controller")
    page.goto("/")
    add_endpoint(page, shop)
    page.get_by_role("link", name="To the endpoint").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("main")).to_contain_text("Nothing is sent here.")
    assert look(page, "webhook-endpoint-disabled") == []
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
