"""What every connector must keep, one table for all: the sandbox and Stripe, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from audit import clock
from payments.gateways.capabilities import CAPABILITIES, Feature
from payments.gateways.errors import GatewayError, Rejected, Unavailable, Unknown
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    Gateway,
    OperationAnswer,
    OperationStatus,
    Sort,
    Sought,
)
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.gateways.stripe.gateway import StripeGateway
from payments.ledger.money import Money
from tests.payments.gateways.conftest import SECRET, SHORT_S, TIMEOUT_S
from tests.payments.gateways.sandbox.running import Sandbox, wait_until
from tests.payments.gateways.stripe.provider import running_stripe
from tests.payments.gateways.test_sandbox_faults import FAULTS, OPERATIONS, SILENCE_S, SILENT

pytestmark = pytest.mark.django_db

AMOUNT = Money(1_000, "EUR")
KINDS = {"authorize": "authorized", "capture": "captured", "void": "voided", "refund": "refunded"}
SORTS = {"capture": Sort.CAPTURE, "void": Sort.VOID, "refund": Sort.REFUND}


@dataclass
class Place:
    """A connector with its provider running behind it."""

    connector: str
    gateway: Gateway
    impatient: Gateway
    unreachable: Gateway
    arm: Callable[[str, str, float], object]
    count: Callable[[str], int]
    cards: dict[str, str] = field(default_factory=dict)

    def hold(self, card: str = "good", amount: Money = AMOUNT) -> AuthorizationAnswer:
        return self.gateway.authorize(
            key=new_key(), amount=amount, card_token=self.cards[card], reference="P-1"
        )

    def taken(self) -> str:
        """An authorization that was captured."""
        reference = self.hold().reference
        self.gateway.capture(key=new_key(), authorization_reference=reference, amount=AMOUNT)
        return reference


def new_key() -> str:
    return str(uuid.uuid4())


def _sandbox(provider: Sandbox) -> Place:
    def count(kind: str) -> int:
        return sum(
            one.count
            for one in gateway.totals()
            if one.kind == kind and one.amount.currency == "EUR"
        )

    gateway = SandboxGateway(provider.url, TIMEOUT_S, [SECRET])
    return Place(
        "sandbox",
        gateway,
        SandboxGateway(provider.url, SHORT_S, []),
        SandboxGateway("http://127.0.0.1:1", SHORT_S, []),
        lambda operation, fault, seconds: provider.control(
            "faults", {"operation": operation, "fault": fault, "seconds": seconds}
        ),
        count,
        {"good": "tok_visa_approved", "no": "tok_declined_lost_card", "nobody": "tok_of_nobody"},
    )


@pytest.fixture(params=["sandbox", "stripe"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "sandbox":
        provider: Sandbox = request.getfixturevalue("provider")
        yield _sandbox(provider)
        provider.client.delete("/control/faults")
        return
    with running_stripe() as house:

        def gateway(timeout_s: float, url: str = "") -> StripeGateway:
            return StripeGateway("sk_test_k", base_url=url or house.url, timeout_s=timeout_s)

        yield Place(
            "stripe",
            gateway(TIMEOUT_S),
            gateway(SHORT_S),
            gateway(SHORT_S, "http://127.0.0.1:1"),
            house.arm,
            house.count,
            {"good": "pm_card_visa", "no": "pm_card_declined_lost_card", "nobody": "pm_of_nobody"},
        )


@pytest.fixture
def calls(place: Place) -> dict[str, Callable[[str, Gateway], object]]:
    """One call of each kind, ready to be made with a key."""
    to_capture, to_void, to_refund = (
        place.hold().reference,
        place.hold().reference,
        place.taken(),
    )
    return {
        "authorize": lambda key, by: by.authorize(
            key=key, amount=AMOUNT, card_token=place.cards["good"], reference="P-1"
        ),
        "capture": lambda key, by: by.capture(
            key=key, authorization_reference=to_capture, amount=AMOUNT
        ),
        "void": lambda key, by: by.void(key=key, authorization_reference=to_void, amount=AMOUNT),
        "refund": lambda key, by: by.refund(
            key=key, authorization_reference=to_refund, amount=AMOUNT
        ),
        "where": lambda operation, _by: {
            "capture": to_capture,
            "void": to_void,
            "refund": to_refund,
        }[operation],
    }


def find(
    place: Place, operation: str, key: str, where: Callable[[str, Gateway], object]
) -> AuthorizationAnswer | OperationAnswer | None:
    if operation == "authorize":
        return place.gateway.find_authorization(key, clock.now())
    reference = str(where(operation, place.gateway))
    return place.gateway.find_operation(key, Sought(SORTS[operation], reference, AMOUNT))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_raises_what_it_means_and_the_key_tells_what_happened(
    place: Place, calls: dict[str, Callable[[str, Gateway], object]], operation: str, fault: str
) -> None:
    expected, happened = FAULTS[fault]
    key, before = new_key(), place.count(KINDS[operation])
    place.arm(operation, fault, SILENCE_S)
    with pytest.raises(GatewayError) as caught:
        calls[operation](key, place.impatient if fault in SILENT else place.gateway)
    assert type(caught.value) is expected

    def ask() -> list[AuthorizationAnswer | OperationAnswer | None]:
        try:
            return [find(place, operation, key, calls["where"])]
        except Unknown:
            return []

    found = wait_until(ask)[0]
    assert (found is not None) is happened
    if found is None and operation == "authorize":
        return
    try:
        again = calls[operation](key, place.gateway)
        assert found in (None, again)
    except Unknown:
        # Stripe repeats an error of its own to whoever repeats the call.
        assert (place.connector, fault) == ("stripe", "500_after")
    assert place.count(KINDS[operation]) == before + 1


def test_provider_that_is_not_there_is_unavailable(place: Place) -> None:
    tries: list[Callable[[Gateway], object]] = [
        lambda by: by.authorize(
            key=new_key(), amount=AMOUNT, card_token=place.cards["good"], reference="P-1"
        ),
        lambda by: by.capture(key=new_key(), authorization_reference="x", amount=AMOUNT),
        lambda by: by.void(key=new_key(), authorization_reference="x", amount=AMOUNT),
        lambda by: by.refund(key=new_key(), authorization_reference="x", amount=AMOUNT),
        lambda by: by.identify(),
        lambda by: by.get_card("x"),
    ]
    for call in tries:
        with pytest.raises(Unavailable):
            call(place.unreachable)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "ISK", "HUF", "UGX"])
def test_amount_is_held_to_the_last_unit(place: Place, currency: str) -> None:
    amount = Money(12_340, currency)
    answer = place.hold(amount=amount)
    assert answer.status is AuthorizationStatus.AUTHORIZED
    assert answer.amount == answer.approved == answer.capturable == amount
    assert answer.expires_at is not None
    assert place.gateway.retrieve_authorization(answer.reference) == answer


def test_decline_is_an_answer_in_our_words_with_the_raw_code_beside(place: Place) -> None:
    answer = place.hold("no")
    assert answer.status is AuthorizationStatus.DECLINED
    assert (answer.decline_code, answer.raw_decline_code) == ("lost_card", "lost_card")
    assert answer.approved.is_zero


def test_token_of_nobody_is_rejected(place: Place) -> None:
    with pytest.raises(Rejected):
        place.hold("nobody")
    with pytest.raises(Rejected):
        place.gateway.get_card(place.cards["nobody"])


def test_captures_are_partial_and_several(place: Place) -> None:
    reference = place.hold().reference
    for minor in (250, 750):
        amount = Money(minor, "EUR")
        answer = place.gateway.capture(
            key=new_key(), authorization_reference=reference, amount=amount
        )
        assert (answer.status, answer.amount) == (OperationStatus.SUCCEEDED, amount)
        again = place.gateway.retrieve_capture(answer.reference)
        assert (again.reference, again.amount) == (answer.reference, answer.amount)


def test_last_capture_lets_go_of_the_rest(place: Place) -> None:
    reference = place.hold().reference
    place.gateway.capture(
        key=new_key(), authorization_reference=reference, amount=Money(400, "EUR"), is_final=True
    )
    left = place.gateway.retrieve_authorization(reference).capturable
    assert left is not None
    assert left.is_zero
    with pytest.raises(Rejected):
        place.gateway.capture(
            key=new_key(), authorization_reference=reference, amount=Money(1, "EUR")
        )


def test_increment_is_held_too_and_its_key_does_it_once(place: Place) -> None:
    reference, key = place.hold().reference, new_key()
    answers = [
        place.gateway.increment(
            key=key, authorization_reference=reference, amount=Money(500, "EUR")
        )
        for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0].status, answers[0].amount) == (
        OperationStatus.SUCCEEDED,
        Money(500, "EUR"),
    )
    now = place.gateway.retrieve_authorization(reference)
    assert now.amount == now.approved == Money(1_500, "EUR")
    sought = Sought(Sort.INCREMENT, reference, Money(500, "EUR"))
    assert place.gateway.find_operation(key, sought) == answers[0]
    assert place.gateway.find_operation(new_key(), sought) is None


def test_refund_has_an_arn_and_its_key_does_it_once(place: Place) -> None:
    reference, key = place.taken(), new_key()
    answers = [
        place.gateway.refund(key=key, authorization_reference=reference, amount=Money(300, "EUR"))
        for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0].arn) == 23
    assert place.gateway.retrieve_refund(answers[0].reference) == answers[0]
    with pytest.raises(Rejected):
        place.gateway.refund(
            key=new_key(), authorization_reference=reference, amount=Money(701, "EUR")
        )


def test_key_used_for_another_content_is_unknown_and_never_a_no(place: Place) -> None:
    reference, key = place.taken(), new_key()
    place.gateway.refund(key=key, authorization_reference=reference, amount=Money(1, "EUR"))
    with pytest.raises(Unknown):
        place.gateway.refund(key=key, authorization_reference=reference, amount=Money(2, "EUR"))


def test_what_the_table_says_cannot_be_done_is_refused(place: Place) -> None:
    can = CAPABILITIES[place.connector]
    reference = place.hold().reference
    capture = place.gateway.capture(
        key=new_key(), authorization_reference=reference, amount=AMOUNT
    ).reference
    if can.supports(Feature.VOID_CAPTURE):
        place.gateway.void_capture(key=new_key(), capture_reference=capture, amount=AMOUNT)
    else:
        with pytest.raises(Rejected):
            place.gateway.void_capture(key=new_key(), capture_reference=capture, amount=AMOUNT)


def test_credentials_say_that_they_are_for_tests(place: Place) -> None:
    assert place.gateway.identify().is_live is False
