"""Letting go and giving back when the provider's answer is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from audit import clock
from payments.models import LateAuthorization
from payments.tasks.resolve import resolve_unknown
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import AMOUNT, Scene, tell, was_retried
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


RELEASED_IN_THE_END = (
    "no_connection",
    "timeout_before",
    "timeout_after",
    "500_before",
    "500_after",
    "truncated_json",
    "hang",
    "wrong_amount",
    "unknown_status",
    "repeated_id",
    "429",
)


def tell_into(scene: Scene, settings: Settings, operation: str, fault: str) -> None:
    """The provider tells of it, and the call that this leads to ends in a fault; then an hour and
    more goes by."""
    scene.provider.control("faults", {"operation": operation, "fault": fault, "seconds": 1})
    tell(scene.events()[0])
    scene.wait_for_calls()
    settings.PROVIDER_TIMEOUT_S = 5.0
    for minutes in (1, 6, 80):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            deliver()
            resolve_unknown()
            deliver()


@pytest.mark.parametrize("fault", RELEASED_IN_THE_END)
def test_release_whose_answer_is_lost_is_asked_about_and_done_once(
    provider: Sandbox, settings: Settings, fault: str
) -> None:
    settings.PROVIDER_TIMEOUT_S = 0.5
    scene = Scene(provider)
    scene.arrive()
    tell_into(scene, settings, "void", fault)
    assert scene.late.status == "voided"
    assert scene.at_provider()["voided_amount"] == AMOUNT
    assert len(provider.get(f"/v1/authorizations/{scene.reference}/voids")["data"]) == 1


@pytest.mark.parametrize("fault", [one for one in RELEASED_IN_THE_END if one != "repeated_id"])
def test_return_whose_answer_is_lost_is_asked_about_and_done_once(
    provider: Sandbox, settings: Settings, fault: str
) -> None:
    settings.PROVIDER_TIMEOUT_S = 0.5
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive("automatic")
    tell_into(scene, settings, "refund", fault)
    assert scene.late.status == "given_back"
    assert scene.at_provider()["refunded_amount"] == AMOUNT


def test_provider_that_tells_nothing_after_the_release_is_asked_again(provider: Sandbox) -> None:
    scene = Scene(provider)
    scene.arrive()
    told = scene.events()[0]
    provider.control("faults", {"operation": "retrieve", "fault": "500_before", "times": 9})
    event = tell(told)
    assert event.status == "received"
    assert not LateAuthorization.objects.exists()
    provider.client.delete("/control/faults")
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver()
    assert scene.late.status == "voided"
