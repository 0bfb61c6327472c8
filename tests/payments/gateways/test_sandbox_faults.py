"""What every fault of the provider's means to us: each call under each fault."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from payments.gateways.errors import (
    GatewayError,
    Mismatch,
    Rejected,
    Unavailable,
    Unknown,
    UnmappedStatus,
)
from payments.gateways.protocol import AuthorizationAnswer, OperationAnswer
from payments.gateways.sandbox import answers
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.ledger.money import Money
from tests.payments.gateways.conftest import SHORT_S, TIMEOUT_S, Arm
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox, wait_until

AMOUNT = Money(1_000, "EUR")
SILENCE_S = SHORT_S * 5
SILENT = ("timeout_before", "timeout_after", "hang")

Call = Callable[[str, SandboxGateway], AuthorizationAnswer | OperationAnswer]
OPERATIONS = ("authorize", "capture", "void", "refund")

# fault → (what the gateway raises, whether the provider did it all the same)
FAULTS: dict[str, tuple[type[GatewayError], bool]] = {
    "no_connection": (Unknown, False),
    "timeout_before": (Unknown, False),
    "timeout_after": (Unknown, True),
    "429": (Unavailable, False),
    "refused": (Rejected, False),
    "500_before": (Unknown, False),
    "500_after": (Unknown, True),
    "truncated_json": (Unknown, True),
    "wrong_amount": (Mismatch, True),
    "hang": (Unknown, True),
}


@pytest.fixture
def calls(gateway: SandboxGateway) -> dict[str, Call]:
    """One call of each kind, ready to be made with a key."""

    def held() -> str:
        return gateway.authorize(
            key=str(uuid.uuid4()),
            amount=AMOUNT,
            card_token="tok_visa_approved",
            reference="P-1",
        ).reference

    to_capture, to_void, to_refund = held(), held(), held()
    gateway.capture(key=str(uuid.uuid4()), authorization_reference=to_refund, amount=AMOUNT)
    return {
        "authorize": lambda key, by: by.authorize(
            key=key, amount=AMOUNT, card_token="tok_visa_approved", reference="P-1"
        ),
        "capture": lambda key, by: by.capture(
            key=key, authorization_reference=to_capture, amount=AMOUNT
        ),
        "void": lambda key, by: by.void(key=key, authorization_reference=to_void, amount=AMOUNT),
        "refund": lambda key, by: by.refund(
            key=key, authorization_reference=to_refund, amount=AMOUNT
        ),
    }


def find(
    gateway: SandboxGateway, operation: str, key: str
) -> AuthorizationAnswer | OperationAnswer | None:
    if operation == "authorize":
        return gateway.find_authorization(key)
    return gateway.find_operation(key)


def settled(
    gateway: SandboxGateway, operation: str, key: str
) -> AuthorizationAnswer | OperationAnswer | None:
    """What the key did, asked again while its call is under way, as the resolver does."""

    def ask() -> list[AuthorizationAnswer | OperationAnswer | None]:
        try:
            return [find(gateway, operation, key)]
        except Unknown:
            return []

    found: list[AuthorizationAnswer | OperationAnswer | None] = wait_until(ask)
    return found[0]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_raises_what_it_means_and_the_key_tells_what_happened(
    gateway: SandboxGateway,
    impatient: SandboxGateway,
    calls: dict[str, Call],
    arm: Arm,
    operation: str,
    fault: str,
) -> None:
    expected, happened = FAULTS[fault]
    key = str(uuid.uuid4())
    arm(operation, fault, SILENCE_S)
    with pytest.raises(GatewayError) as caught:
        calls[operation](key, impatient if fault in SILENT else gateway)
    assert type(caught.value) is expected
    found = settled(gateway, operation, key)
    assert (found is not None) is happened
    again = calls[operation](key, gateway)
    assert found in (None, again)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_call_again_with_the_same_key_after_the_fault_is_the_only_effect(
    gateway: SandboxGateway, calls: dict[str, Call], arm: Arm, operation: str
) -> None:
    kind = {"authorize": "authorized", "capture": "captured"}.get(operation)
    kind = kind or {"void": "voided", "refund": "refunded"}[operation]
    before = {(one.kind, one.amount.currency): one.count for one in gateway.totals()}
    key = str(uuid.uuid4())
    arm(operation, "500_after")
    with pytest.raises(Unknown):
        calls[operation](key, gateway)
    calls[operation](key, gateway)
    after = {(one.kind, one.amount.currency): one.count for one in gateway.totals()}
    assert after[kind, "EUR"] == before.get((kind, "EUR"), 0) + 1


def test_repeated_id_is_cured_by_asking_what_the_key_did(
    gateway: SandboxGateway, calls: dict[str, Call], arm: Arm
) -> None:
    key = str(uuid.uuid4())
    arm("capture", "repeated_id")
    wrong = calls["capture"](key, gateway)
    found = gateway.find_operation(key)
    assert found is not None
    assert found.reference != wrong.reference


def test_429_says_how_long_to_wait(
    gateway: SandboxGateway, calls: dict[str, Call], arm: Arm
) -> None:
    arm("authorize", "429", 7)
    with pytest.raises(Unavailable) as caught:
        calls["authorize"](str(uuid.uuid4()), gateway)
    assert caught.value.retry_after_s == 7


READ_FAULTS: dict[str, type[GatewayError]] = {
    "no_connection": Unknown,
    "timeout_before": Unknown,
    "timeout_after": Unknown,
    "429": Unavailable,
    "refused": Rejected,
    "500_before": Unknown,
    "500_after": Unknown,
    "truncated_json": Unknown,
    "hang": Unknown,
}


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_faulty_read_is_never_taken_for_an_answer(
    gateway: SandboxGateway,
    impatient: SandboxGateway,
    calls: dict[str, Call],
    arm: Arm,
    fault: str,
) -> None:
    key = str(uuid.uuid4())
    answer = calls["authorize"](key, gateway)
    by = impatient if fault in SILENT else gateway
    reads: list[Callable[[], object]] = [
        lambda: by.find_authorization(key),
        lambda: by.find_operation(key),
        lambda: by.retrieve_authorization(answer.reference),
        lambda: by.get_card("tok_visa_approved"),
        by.totals,
    ]
    for read in reads:
        arm("retrieve", fault, SILENCE_S)
        with pytest.raises(GatewayError) as caught:
            read()
        assert type(caught.value) is READ_FAULTS[fault]


def test_retrieved_object_with_another_id_is_a_mismatch(
    gateway: SandboxGateway, calls: dict[str, Call], arm: Arm
) -> None:
    first, _second = (
        calls["authorize"](str(uuid.uuid4()), gateway),
        calls["authorize"](str(uuid.uuid4()), gateway),
    )
    arm("retrieve", "repeated_id")
    with pytest.raises(Mismatch):
        gateway.retrieve_authorization(first.reference)


def test_call_under_way_with_the_same_key_is_unknown(
    provider: Sandbox, calls: dict[str, Call], gateway: SandboxGateway
) -> None:
    """The slow one is made by hand: the gateway would have given up on it."""
    key = str(uuid.uuid4())
    reference = calls["authorize"](str(uuid.uuid4()), gateway).reference
    path = f"/v1/authorizations/{reference}/captures"
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(provider.post, path, {"amount": 1}, key=key, fault="hang; seconds=2")

        def is_under_way() -> bool:
            try:
                return gateway.find_operation(key) is not None
            except Unknown:
                return True

        wait_until(is_under_way)
        with pytest.raises(Unknown):
            gateway.capture(key=key, authorization_reference=reference, amount=Money(1, "EUR"))
        assert slow.result().status_code == 201


def test_provider_that_ended_is_unavailable_and_its_successor_is_found(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "store.sqlite3") as first:
        gateway = SandboxGateway(first.url, TIMEOUT_S, [])
        assert gateway.totals() == ()
    with pytest.raises(Unavailable):
        gateway.totals()
    port = first.url.rpartition(":")[2]
    with running_sandbox(tmp_path / "store.sqlite3", "--port", port):
        assert gateway.totals() == ()


AUTHORIZATION = {
    "object": "authorization",
    "id": "auth_1",
    "status": "authorized",
    "currency": "EUR",
    "amount": 1_000,
    "approved_amount": 1_000,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "levitating"}, UnmappedStatus),
        ({"status": None}, UnmappedStatus),
        ({"status": ["authorized"]}, UnmappedStatus),
        ({"object": "capture"}, Mismatch),
        ({"approved_amount": 999}, Mismatch),
        ({"status": "partially_authorized"}, Mismatch),
        ({"status": "declined"}, Mismatch),
        ({"amount": 1_000.0}, Unknown),
        ({"amount": "1000"}, Unknown),
        ({"amount": True}, Unknown),
        ({"amount": -1}, Unknown),
        ({"amount": 10**30}, Unknown),
        ({"currency": "XXX"}, Unknown),
        ({"currency": None}, Unknown),
        ({"currency": 7}, Unknown),
        ({"currency": ["EUR"]}, Unknown),
        ({"id": ""}, Unknown),
        ({"id": "a\0b"}, Unknown),
        ({"id": 12}, Unknown),
        ({"id": "x" * 81}, Unknown),
    ],
)
def test_answer_without_sense_is_unknown(
    changes: dict[str, object], expected: type[GatewayError]
) -> None:
    assert answers.read_authorization(AUTHORIZATION).reference == "auth_1"
    with pytest.raises(expected) as caught:
        answers.read_authorization({**AUTHORIZATION, **changes})
    assert type(caught.value) is expected


def test_odd_texts_beside_the_amounts_are_kept_and_made_storable() -> None:
    answer = answers.read_authorization(
        {**AUTHORIZATION, "network": "a\0b\ud800" + "x" * 99, "expires_at": "soon", "three_ds": 3}
    )
    assert len(answer.network) == 20
    assert "\0" not in answer.network
    assert answer.network.encode()
    assert (answer.expires_at, answer.three_ds) == (None, "")


def test_unmapped_status_keeps_the_raw_value() -> None:
    with pytest.raises(UnmappedStatus) as caught:
        answers.read_operation(
            {**AUTHORIZATION, "object": "refund", "status": "levitating"}, "refund"
        )
    assert (caught.value.kind, caught.value.raw_status) == ("refund", "levitating")


def test_rejection_is_not_unknown() -> None:
    assert not issubclass(Rejected, Unknown)
    assert not issubclass(Unavailable, Unknown)
