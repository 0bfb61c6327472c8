"""Which rule counts, and which of its accounts takes a payment. No database."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.routing import Step, Wanted, Why, choose, choose_next, most_exact, plan


def rule(merchant: uuid.UUID | None = None, currency: str = "", brand: str = "") -> Route:
    return Route(merchant_id=merchant, currency=currency, brand=brand)


M = uuid.uuid4()


@pytest.mark.parametrize(
    ("rules", "best"),
    [
        ([rule()], 0),
        ([rule(), rule(currency="EUR")], 1),
        ([rule(currency="EUR"), rule(brand="visa")], 0),
        ([rule(currency="EUR", brand="visa"), rule(M)], 1),
        ([rule(M), rule(M, brand="visa"), rule(M, currency="EUR")], 2),
        ([rule(M, "EUR", "visa"), rule(M, "EUR")], 0),
    ],
)
def test_most_exact_rule_counts(rules: list[Route], best: int) -> None:
    assert most_exact(rules) is rules[best]
    assert most_exact(reversed(rules)) is rules[best]
    assert most_exact([]) is None


@pytest.mark.parametrize(
    ("changes", "wanted", "why"),
    [
        ({}, {}, None),
        ({"is_live": True}, {}, Why.OTHER_MODE),
        ({"merchant_id": uuid.uuid4()}, {}, Why.OTHER_MERCHANT),
        ({"merchant_id": M}, {}, None),
        ({"state": "disabled"}, {}, Why.DISABLED),
        ({"state": "draft"}, {}, Why.DISABLED),
        ({}, {"connectors": frozenset({"sandbox"})}, Why.CARD_UNKNOWN),
        ({}, {"currency": "IRR"}, Why.NOT_TAKEN),
        ({}, {"brand": "girocard"}, Why.NOT_TAKEN),
        ({"breaker_until": clock.now() + timedelta(days=1)}, {}, Why.IN_PEACE),
        ({"breaker_until": clock.now() - timedelta(days=1)}, {}, None),
    ],
)
def test_account_takes_a_payment_or_says_why_not(
    changes: dict[str, Any], wanted: dict[str, Any], why: Why | None
) -> None:
    account = ConnectorAccount(**{"connector": "stripe", "state": "enabled", **changes})
    asked = {
        "merchant_id": M,
        "currency": "EUR",
        "brand": "visa",
        "is_live": False,
        "connectors": frozenset({"stripe"}),
        **wanted,
    }
    (step,) = plan(Wanted(**asked), [account], clock.now())
    assert step.why_not == why
    assert bool(str(step.words)) is (why is not None)


def test_first_that_takes_it_is_chosen_and_one_in_peace_only_when_all_are() -> None:
    one, two, three = (ConnectorAccount(name=name) for name in "123")
    assert choose([Step(one, Why.DISABLED), Step(two, None), Step(three, None)]) is two
    assert choose([Step(one, Why.IN_PEACE), Step(two, None)]) is two
    assert choose([Step(one, Why.DISABLED), Step(two, Why.IN_PEACE)]) is two
    assert choose([Step(one, Why.DISABLED)]) is None
    assert choose_next([Step(one, Why.IN_PEACE), Step(two, Why.TRIED)]) is None
