"""What the tests of the pages share: people, their browsers, and reading what is shown."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from audit.actor import acting_as, operator
from audit.approvals.models import ApprovalLimit
from payments.models import Payment
from tests.audit.people import browser_of, hire

LIMIT_MINOR = 5_000
MOST_QUERIES = 12


def agent_browser(name: str = "Agathe Morel", role: str = "support_agent") -> Client:
    """A browser of somebody who may refund up to 50.00 EUR alone."""
    person = hire(name, role)
    with acting_as(operator("test")):
        group = Group.objects.get(name=role)
        if not ApprovalLimit.objects.filter(role=group).exists():
            ApprovalLimit.objects.create(role=group, currency="EUR", max_minor=LIMIT_MINOR)
    return browser_of(person)


def words_of(response: Any) -> str:
    """The text of a page as it is read, blanks made one."""
    main = re.search(r"<main.*?</main>", response.content.decode(), re.DOTALL)
    assert main is not None
    text = re.sub(r"<[^>]+>", " ", main[0])
    return " ".join(unescape(text).replace("\N{NO-BREAK SPACE}", " ").split())


def references_in(response: Any) -> list[str]:
    """The payments of a list, in its order."""
    return re.findall(r"data-row-link>(P-[0-9A-F]+)", response.content.decode())


def page_of(payment: Payment, more: str = "") -> str:
    return f"/payments/{payment.pk}/{more}"


def hidden(response: Any, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found is not None, name
    return found[1]
