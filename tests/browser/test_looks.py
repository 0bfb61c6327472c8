"""What pages look like in states that have no address of their own, or nothing to show."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Enter, Pay
from tests.browser.gallery import look, look_at
from tests.browser.test_refund import open_refund, send

pytestmark = pytest.mark.browser


def test_lists_of_an_empty_house(enter: Enter) -> None:
    page = enter("support_lead")
    urls = {"list-empty": "/payments/", "approvals-empty": "/approvals/"}
    assert look_at(page, urls) == []


def test_a_refund_on_its_way_one_refused_and_doors_that_lead_nowhere(
    enter: Enter, pay: Pay
) -> None:
    payments = [pay(minor) for minor in (1_234, 40_000)]
    page = enter("support_agent")
    open_refund(page, payments[1], "12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payments[1].pk}/")
    faults = look(page, "payment-refund-on-its-way")
    urls = {
        "list-nothing-found": "/payments/?reference=P-NOWHERE",
        "not-found": "/payments/00000000-0000-4000-8000-000000000000/",
        "forbidden": "/log/",
    }
    faults += look_at(page, urls)
    open_refund(page, payments[0], "99999")
    send(page)
    faults += look(page, "refund-form-refused")
    assert faults == []


def test_a_request_of_ones_own(enter: Enter, pay: Pay) -> None:
    payment = pay(40_000)
    agent = enter("support_agent")
    open_refund(agent, payment, "200")
    send(agent)
    agent.get_by_role("link", name="See the request").click()
    assert look(agent, "approval-of-oneself") == []


def test_a_log_in_which_nothing_is_found(enter: Enter) -> None:
    urls = {"log-nothing-found": "/log/?outcome=unknown"}
    assert look_at(enter("auditor"), urls) == []
