"""The gateway against a real provider process."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from payments.gateways import declines
from payments.gateways.errors import Rejected, Unavailable, Unknown
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    Gateway,
    OperationStatus,
    Total,
)
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.gateways.sandbox.provider.declines import AUTHENTICATION_FAILED
from payments.gateways.sandbox.provider.declines import DECLINES as SANDBOX_DECLINES
from payments.ledger.money import Money
from tests.payments.gateways.sandbox.running import Sandbox

EUR_100 = Money(10_000, "EUR")


def new_key() -> str:
    return str(uuid.uuid4())


def authorized(
    gateway: Gateway, amount: Money = EUR_100, card: str = "tok_visa_approved"
) -> AuthorizationAnswer:
    return gateway.authorize(key=new_key(), amount=amount, card_token=card, reference="P-1")


def captured(gateway: Gateway, amount: Money = EUR_100, card: str = "tok_visa_approved") -> str:
    reference = authorized(gateway, amount, card).reference
    gateway.capture(key=new_key(), authorization_reference=reference, amount=amount)
    return reference


def total_of(totals: tuple[Total, ...], kind: str, currency: str) -> tuple[int, int]:
    for total in totals:
        if (total.kind, total.amount.currency) == (kind, currency):
            return total.count, total.amount.minor
    return 0, 0


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_approved_card_is_held_for_the_whole_amount(gateway: SandboxGateway, currency: str) -> None:
    answer = authorized(gateway, Money(1_234, currency))
    assert answer.status is AuthorizationStatus.AUTHORIZED
    assert answer.approved == answer.amount == Money(1_234, currency)
    assert (answer.raw_status, answer.decline_code, answer.network) == ("authorized", "", "visa")
    assert (answer.avs, answer.cvv) == ("Y", "M")
    assert answer.reference.startswith("auth_")
    assert answer.network_transaction_id
    assert answer.expires_at is not None
    assert answer.expires_at > datetime.now(UTC) + timedelta(days=6)


def test_partial_approval_says_how_much_is_held(gateway: SandboxGateway) -> None:
    answer = authorized(gateway, card="tok_partial_approval")
    assert answer.status is AuthorizationStatus.PARTIALLY_AUTHORIZED
    assert answer.approved == Money(6_000, "EUR")
    assert answer.amount == EUR_100


@pytest.mark.parametrize("code", sorted(SANDBOX_DECLINES))
def test_every_decline_of_the_provider_has_a_name_and_a_text(
    gateway: SandboxGateway, code: str
) -> None:
    answer = authorized(gateway, card=f"tok_declined_{code}")
    assert answer.status is AuthorizationStatus.DECLINED
    assert answer.approved.is_zero
    assert answer.decline_code == answer.raw_decline_code == code
    assert answer.network_response_code == SANDBOX_DECLINES[code].network_response_code
    explained = declines.explain(answer.decline_code)
    assert explained.code == code
    assert str(explained.for_customer)
    assert str(explained.for_agent)


def test_failed_authentication_has_a_name_too() -> None:
    assert declines.normalise(AUTHENTICATION_FAILED.code) == AUTHENTICATION_FAILED.code


def test_decline_that_nobody_has_mapped_is_explained_as_unknown() -> None:
    assert declines.normalise("phase_of_the_moon") == declines.UNKNOWN_CODE
    assert declines.explain("phase_of_the_moon").code == declines.UNKNOWN_CODE


def test_texts_for_customers_do_not_tell_of_loss_theft_or_fraud() -> None:
    for decline in declines.DECLINES.values():
        told = str(decline.for_customer).lower()
        assert not any(word in told for word in ("lost", "stolen", "fraud", "withheld"))


def test_challenge_waits_for_the_cardholder_and_is_settled_later(
    gateway: SandboxGateway, provider: Sandbox
) -> None:
    answer = authorized(gateway, card="tok_3ds_challenge_passed")
    assert answer.status is AuthorizationStatus.REQUIRES_ACTION
    assert answer.approved.is_zero
    assert (answer.three_ds, bool(answer.action_url)) == ("challenge:C", True)
    provider.control(f"authorizations/{answer.reference}/resolve")
    later = gateway.retrieve_authorization(answer.reference)
    assert later.status is AuthorizationStatus.AUTHORIZED
    assert (later.three_ds, later.approved) == ("challenge:Y", EUR_100)


def test_failed_challenge_is_a_decline_with_its_name(
    gateway: SandboxGateway, provider: Sandbox
) -> None:
    answer = authorized(gateway, card="tok_3ds_challenge_failed")
    provider.control(f"authorizations/{answer.reference}/resolve")
    later = gateway.retrieve_authorization(answer.reference)
    assert later.status is AuthorizationStatus.DECLINED
    assert later.decline_code == "authentication_failed"


def test_pending_authorization_is_pending(gateway: SandboxGateway) -> None:
    answer = authorized(gateway, card="tok_pending")
    assert answer.status is AuthorizationStatus.PENDING
    assert answer.approved.is_zero


def test_captures_are_partial_and_several(gateway: SandboxGateway) -> None:
    reference = authorized(gateway).reference
    for minor in (2_500, 7_500):
        answer = gateway.capture(
            key=new_key(), authorization_reference=reference, amount=Money(minor, "EUR")
        )
        assert answer.status is OperationStatus.SUCCEEDED
        assert answer.amount == Money(minor, "EUR")
        assert gateway.retrieve_capture(answer.reference) == answer


def test_capture_above_what_is_held_is_rejected(gateway: SandboxGateway) -> None:
    reference = authorized(gateway).reference
    with pytest.raises(Rejected) as rejected:
        gateway.capture(
            key=new_key(), authorization_reference=reference, amount=Money(10_001, "EUR")
        )
    assert rejected.value.code == "capture_exceeds_authorized"


def test_void_lets_go_of_what_is_left(gateway: SandboxGateway) -> None:
    reference = authorized(gateway).reference
    gateway.capture(key=new_key(), authorization_reference=reference, amount=Money(4_000, "EUR"))
    answer = gateway.void(key=new_key(), authorization_reference=reference)
    assert (answer.status, answer.amount) == (OperationStatus.SUCCEEDED, Money(6_000, "EUR"))
    with pytest.raises(Rejected):
        gateway.void(key=new_key(), authorization_reference=reference)


def test_void_of_a_known_amount_is_checked_against_it(gateway: SandboxGateway) -> None:
    reference = authorized(gateway).reference
    answer = gateway.void(key=new_key(), authorization_reference=reference, amount=EUR_100)
    assert answer.amount == EUR_100


def test_refund_has_an_arn_and_can_be_retrieved(gateway: SandboxGateway) -> None:
    reference = captured(gateway)
    answer = gateway.refund(
        key=new_key(), authorization_reference=reference, amount=Money(1_234, "EUR")
    )
    assert (answer.status, answer.amount) == (OperationStatus.SUCCEEDED, Money(1_234, "EUR"))
    assert len(answer.arn) == 23
    assert gateway.retrieve_refund(answer.reference) == answer


def test_refund_above_what_was_captured_is_rejected(gateway: SandboxGateway) -> None:
    reference = captured(gateway)
    with pytest.raises(Rejected) as rejected:
        gateway.refund(
            key=new_key(), authorization_reference=reference, amount=Money(10_001, "EUR")
        )
    assert rejected.value.code == "refund_exceeds_captured"


def test_refund_that_comes_back_is_found_failed_with_its_reason(
    gateway: SandboxGateway, provider: Sandbox
) -> None:
    key = new_key()
    reference = captured(gateway, card="tok_refund_fails_later")
    gateway.refund(key=key, authorization_reference=reference, amount=EUR_100)
    provider.control("clock", {"seconds": 6 * 86_400})
    found = gateway.find_operation(key)
    assert found is not None
    assert found.status is OperationStatus.FAILED
    assert found.failure_code == "expired_or_canceled_card"


def test_same_key_does_nothing_twice(gateway: SandboxGateway) -> None:
    reference, key = captured(gateway), new_key()
    answers = [
        gateway.refund(key=key, authorization_reference=reference, amount=Money(5_000, "EUR"))
        for _ in range(3)
    ]
    assert all(one == other for one, other in pairwise(answers))
    again = gateway.refund(
        key=new_key(), authorization_reference=reference, amount=Money(5_000, "EUR")
    )
    assert again.reference != answers[0].reference


def test_key_used_for_another_content_is_unknown_and_never_a_no(
    gateway: SandboxGateway,
) -> None:
    reference, key = captured(gateway), new_key()
    gateway.refund(key=key, authorization_reference=reference, amount=Money(1, "EUR"))
    with pytest.raises(Unknown):
        gateway.refund(key=key, authorization_reference=reference, amount=Money(2, "EUR"))


def test_what_a_key_did_is_found(gateway: SandboxGateway) -> None:
    keys = {kind: new_key() for kind in ("authorize", "capture", "void", "refund")}
    held = gateway.authorize(
        key=keys["authorize"], amount=EUR_100, card_token="tok_visa_approved", reference="P-1"
    )
    taken = gateway.capture(
        key=keys["capture"], authorization_reference=held.reference, amount=Money(9_000, "EUR")
    )
    let_go = gateway.void(key=keys["void"], authorization_reference=held.reference)
    given = gateway.refund(
        key=keys["refund"], authorization_reference=held.reference, amount=Money(1, "EUR")
    )
    assert gateway.find_authorization(keys["authorize"]) == held
    assert gateway.find_operation(keys["capture"]) == taken
    assert gateway.find_operation(keys["void"]) == let_go
    assert gateway.find_operation(keys["refund"]) == given


def test_key_the_provider_never_saw_is_none(gateway: SandboxGateway) -> None:
    assert gateway.find_authorization(new_key()) is None
    assert gateway.find_operation(new_key()) is None


def test_key_of_another_kind_of_call_is_not_taken_for_an_answer(
    gateway: SandboxGateway,
) -> None:
    key = new_key()
    gateway.authorize(key=key, amount=EUR_100, card_token="tok_visa_approved", reference="P-1")
    with pytest.raises(Unknown):
        gateway.find_operation(key)


def test_authorization_of_the_past_expires_a_week_after_it(gateway: SandboxGateway) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    answer = gateway.authorize(
        key=new_key(),
        amount=EUR_100,
        card_token="tok_visa_approved",
        reference="P-1",
        occurred_at=moment,
    )
    assert answer.expires_at == moment + timedelta(days=7)


def test_object_that_is_not_there_is_rejected(gateway: SandboxGateway) -> None:
    for retrieve in (
        gateway.retrieve_authorization,
        gateway.retrieve_capture,
        gateway.retrieve_refund,
    ):
        with pytest.raises(Rejected) as rejected:
            retrieve("nothing/../here?")
        assert rejected.value.code == "not_found"


def test_card_facts_hold_no_number(gateway: SandboxGateway) -> None:
    card = gateway.get_card("tok_mastercard_approved.someone")
    assert (card.brand, len(card.bin), len(card.last4)) == ("mastercard", 6, 4)
    assert 1 <= card.exp_month <= 12
    assert card.exp_year >= 2029
    assert card.fingerprint != gateway.get_card("tok_mastercard_approved.other").fingerprint


def test_unknown_card_token_is_rejected(gateway: SandboxGateway) -> None:
    with pytest.raises(Rejected) as rejected:
        gateway.get_card("tok_of_nobody")
    assert rejected.value.code == "card_unknown"


def test_totals_count_what_was_done(gateway: SandboxGateway) -> None:
    before = gateway.totals()
    reference = captured(gateway, Money(500, "CHF"))
    gateway.refund(key=new_key(), authorization_reference=reference, amount=Money(200, "CHF"))
    after = gateway.totals()
    for kind, minor in (("captured", 500), ("refunded", 200), ("declined", 0)):
        count, amount = total_of(before, kind, "CHF")
        more = (1, minor) if minor else (0, 0)
        assert total_of(after, kind, "CHF") == (count + more[0], amount + more[1])


def test_provider_that_is_not_there_is_unavailable() -> None:
    gateway = SandboxGateway("http://127.0.0.1:1", 0.5, [])
    with pytest.raises(Unavailable):
        authorized(gateway)
