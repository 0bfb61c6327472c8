"""The API's document is a page of ours: drawn from its own files alone, under the same policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def test_document_is_drawn_and_asks_nobody_else(open_browser: Open) -> None:
    page = open_browser()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    link = page.get_by_role("link", name="/api/v1/payments/{payment_id}/capture", exact=True)
    expect(link).to_be_visible()
    ours = page.url.partition("/api/")[0]
    assert [url for url in asked if not url.startswith((ours, "data:"))] == []
