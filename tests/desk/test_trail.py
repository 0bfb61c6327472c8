"""The trail of a request: one number, all that came of it, and where it went wrong first."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import acting_as, system
from audit.errors import WriteBlocked
from audit.outbox.delivery import deliver_due
from payments.commands.payments import record_authorization_lost
from payments.gateways.commands import receive_event
from payments.gateways.errors import GatewayError, Rejected, Unavailable, Unknown, UnmappedStatus
from payments.gateways.models import ProviderCall
from payments.gateways.protocol import Gateway
from payments.gateways.recording import Recorder
from payments.models import Attempt
from tests.payments.builders import captured_payment, new_payment
from tests.payments.pages import MOST_QUERIES, agent_browser, page_of, words_of

pytestmark = pytest.mark.django_db
RID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def auditor() -> Client:
    return agent_browser("Aude Vial", "auditor")


class Broken:
    """A gateway that fails as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def capture(self, *, key: str) -> str:
        if self.error:
            raise self.error
        return key

    def get_card(self, token: str) -> str:
        return token


def call(error: Exception | None = None) -> ProviderCall:
    recorder = Recorder(Broken(error), "sandbox", None)  # type: ignore[arg-type]
    with acting_as(system("test", RID)), suppress(GatewayError):
        recorder.capture(key="the key")
    return ProviderCall.objects.latest("started_at")


@pytest.mark.parametrize(
    ("error", "outcome", "detail"),
    [
        (None, "answered", "nothing"),
        (Rejected("capture_settled", "no"), "rejected", "capture_settled"),
        (Unavailable("capture: ConnectError"), "unavailable", "capture: ConnectError"),
        (Unknown("capture: ReadTimeout"), "unknown", "capture: ReadTimeout"),
        (UnmappedStatus("capture", "levitating"), "unmapped", "levitating"),
    ],
)
def test_every_call_is_on_record_with_how_it_ended(
    error: Exception | None, outcome: str, detail: str
) -> None:
    made = call(error)
    assert (made.operation, made.key, made.request_id) == ("capture", "the key", RID)
    assert (made.outcome, made.detail) == (outcome, detail)
    assert made.duration_ms >= 0


def test_a_card_is_read_without_leaving_its_token_on_record() -> None:
    gateway: Gateway = Recorder(Broken(), "sandbox", None)  # type: ignore[arg-type]
    assert gateway.get_card("tok_of_a_card") is not None
    assert ProviderCall.objects.count() == 0


def test_a_call_on_record_is_never_changed(nothing_was_blocked: list[str]) -> None:
    call()
    with pytest.raises(WriteBlocked):
        ProviderCall.objects.update(outcome="answered")
    nothing_was_blocked.clear()


def trail(browser: Client, request_id: str = RID) -> str:
    return words_of(browser.get(f"/log/trail/{request_id}/"))


def test_a_trail_tells_commands_calls_tasks_and_what_the_provider_told(auditor: Client) -> None:
    with acting_as(system("shop", RID)):
        payment = captured_payment()
    call()
    attempt = Attempt.objects.get(payment=payment)
    with acting_as(system("webhook:sandbox", "another")):
        receive_event(
            connector="sandbox",
            event_id="evt_1",
            type="authorization.authorized",
            object_kind="authorization",
            object_reference=attempt.provider_reference,
            authorization_reference=attempt.provider_reference,
            body="{}",
            occurred_at=payment.created_at,
        )
    words = trail(auditor)
    for told in (
        "Took a payment",
        payment.reference,
        "sandbox capture",
        "payments.send_authorization",
        "Nothing went wrong here.",
        "What the provider told about these payments",
        "evt_1",
    ):
        assert told in words
    page = auditor.get(f"/log/trail/{RID}/").content.decode()
    assert "/log/trail/another/" in page
    assert page_of(payment) in page


def test_what_went_wrong_first_stands_above_all(auditor: Client) -> None:
    with acting_as(system("shop", RID)):
        payment = new_payment()
    call(Unknown("capture: ReadTimeout"))
    with acting_as(system("shop", RID)):
        record_authorization_lost(attempt_id=Attempt.objects.get(payment=payment).pk)
    words = trail(auditor)
    first = words.index("What went wrong first:")
    assert words[first:].startswith("What went wrong first: sandbox capture")


def test_a_message_that_nobody_could_run_is_trouble(auditor: Client) -> None:
    with acting_as(system("shop", RID)):
        new_payment()
        deliver_due()
    assert "What went wrong first: payments.send_authorization" in trail(auditor)


def test_a_number_that_nothing_is_known_of_is_not_found(auditor: Client) -> None:
    assert auditor.get("/log/trail/nothing-here/").status_code == 404


def test_a_long_trail_takes_few_statements(auditor: Client) -> None:
    with acting_as(system("shop", RID)):
        for _ in range(5):
            captured_payment()
    auditor.get(f"/log/trail/{RID}/")
    with CaptureQueriesContext(connection) as queries:
        auditor.get(f"/log/trail/{RID}/")
    assert len(queries) <= MOST_QUERIES


def test_the_way_to_a_trail_is_shown_to_who_may_follow_it(auditor: Client) -> None:
    with acting_as(system("shop", RID)):
        payment = captured_payment()
    agent = agent_browser()
    assert f"/log/trail/{RID}/" in auditor.get(page_of(payment)).content.decode()
    assert "/log/trail/" not in agent.get(page_of(payment)).content.decode()
    assert "Follow its trail" in auditor.get("/payments/nowhere/").content.decode()
    assert "Follow its trail" not in agent.get("/payments/nowhere/").content.decode()
