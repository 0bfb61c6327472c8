"""The receiver in docs/api.md, run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.actor import acting_as, operator
from payments.webhooks.commands.deliveries import redeliver
from payments.webhooks.commands.endpoints import create_endpoint
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Delivery
from payments.webhooks.presenting import open_secret
from tests.kill.house import free_port
from tests.payments.builders import captured_payment, eur, make_merchant, new_key
from tests.payments.gateways.sandbox.running import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.processes]
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.fixture(autouse=True)
def _somebody() -> Iterator[None]:
    with acting_as(operator("test")):
        yield


def is_listening(url: str) -> bool:
    try:
        urllib.request.urlopen(url, data=b"{}", timeout=1)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code == 400
    except OSError:
        return False
    return True


def test_receiver_of_the_document_verifies_and_hears_each_event_once() -> None:
    [source] = re.findall(r"```py\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    merchant, port = make_merchant(), free_port()
    endpoint = create_endpoint(
        merchant_id=merchant.pk,
        url=f"http://127.0.0.1:{port}/",
        types=["payment.captured"],
        key=new_key(),
    )
    environment = {**os.environ, "WEBHOOK_SECRET": open_secret(endpoint), "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-c", source], env=environment, stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            # It says 400 to what is not signed: it is there, and it looks.
            wait_until(lambda: is_listening(endpoint.url))
            payment = captured_payment(eur(4_200), merchant=merchant)
            deliver_due()
            redeliver(delivery_id=Delivery.objects.get().pk)
            deliver_due()
            assert Delivery.objects.get().status == Delivery.Status.DELIVERED
            assert Delivery.objects.get().attempts == 2
        finally:
            receiver.terminate()
        assert receiver.stdout is not None
        told = receiver.stdout.read().splitlines()
    assert told == [f"payment.captured {payment.reference} captured"]
