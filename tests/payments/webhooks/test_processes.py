"""Deliverers in processes of their own: killed while they send, and two at once."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from audit import clock
from audit.actor import acting_as, operator
from payments.webhooks.commands.endpoints import create_endpoint
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Delivery, Endpoint
from tests.payments.builders import authorized_payment, eur, make_merchant, new_key
from tests.payments.gateways.sandbox.running import wait_until
from tests.payments.webhooks.receiver import Receiver, hanging, ok
from tests.processes import answer_of, fork

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def opened(shop: Receiver, payments: int) -> Endpoint:
    with acting_as(operator("test")):
        merchant = make_merchant()
        endpoint = create_endpoint(
            merchant_id=merchant.pk, url=shop.url, types=["payment.authorized"], key=new_key()
        )
        for minor in range(payments):
            authorized_payment(eur(1_000 + minor), merchant=merchant)
    connection.close()
    return endpoint


def test_a_worker_killed_between_sending_and_recording_leaves_it_to_the_next(
    shop: Receiver,
) -> None:
    free = threading.Event()
    opened(shop.then(hanging(free), ok), 1)
    worker = fork(deliver_due)
    wait_until(lambda: shop.received)
    os.kill(worker[0], signal.SIGKILL)
    assert answer_of(worker) == (-signal.SIGKILL, None)
    free.set()
    assert Delivery.objects.get().status == Delivery.Status.SENDING
    assert deliver_due() == 0, "the lease still holds"
    with clock.at(clock.now() + timedelta(seconds=91)):
        assert deliver_due() == 1
    first, second = shop.received
    assert first.id == second.id
    assert Delivery.objects.get().status == Delivery.Status.DELIVERED


def test_two_deliverers_send_each_event_once(shop: Receiver) -> None:
    opened(shop, 12)
    workers = [fork(deliver_due), fork(deliver_due)]
    ended = [answer_of(one) for one in workers]
    assert [code for code, _tried in ended] == [0, 0]
    assert sum(tried for _code, tried in ended) == 12
    assert Delivery.objects.filter(status=Delivery.Status.DELIVERED).count() == 12
    assert set(Counter(one.id for one in shop.received).values()) == {1}
