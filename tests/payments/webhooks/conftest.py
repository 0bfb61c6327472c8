"""A merchant whose shop listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from audit import clock
from audit.actor import acting_as, operator
from payments.parties.models import Merchant
from payments.webhooks.commands.endpoints import create_endpoint
from payments.webhooks.models import Delivery, Endpoint
from tests.payments.builders import make_merchant, new_key
from tests.payments.webhooks.receiver import Receiver, running


@pytest.fixture(autouse=True)
def _somebody() -> Iterator[None]:
    with acting_as(operator("test")), translation.override("en"):
        yield


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with running() as receiver:
        yield receiver


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant()


Listen = Callable[..., Endpoint]


@pytest.fixture
def listen(merchant: Merchant) -> Listen:
    """An endpoint of the merchant's at a receiver."""

    def make(receiver: Receiver, *types: str, **given: Any) -> Endpoint:
        what = {"merchant_id": merchant.pk, "url": receiver.url, "types": list(types)}
        return create_endpoint(**{**what, "key": new_key(), **given})

    return make


def later(**by: float) -> AbstractContextManager[Any]:
    """The clock goes on."""
    return clock.at(clock.now() + timedelta(**by))


def only_delivery() -> Delivery:
    return Delivery.objects.select_related("endpoint", "event").get()
