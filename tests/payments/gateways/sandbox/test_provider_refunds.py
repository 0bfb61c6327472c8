from tests.payments.gateways.sandbox.running import Sandbox, error_code


def captured(sandbox: Sandbox, *amounts: int, **changes: str) -> tuple[str, list[str]]:
    """An authorization captured in these parts: its path and its captures' ids."""
    path = f"/v1/authorizations/{sandbox.authorize(sum(amounts), **changes)['id']}"
    return path, [sandbox.made(f"{path}/captures", {"amount": amount})["id"] for amount in amounts]


def test_partial_refunds_of_a_capture_stop_at_its_amount(sandbox: Sandbox) -> None:
    path, (capture, _) = captured(sandbox, 500, 500)
    refunds = f"/v1/captures/{capture}/refunds"
    first = sandbox.made(refunds, {"amount": 200, "reference": "broken"})
    assert (first["status"], first["amount"], first["capture"]) == ("succeeded", 200, capture)
    assert first["parts"] == [{"capture": capture, "amount": 200}]
    assert len(first["arn"]) == 23
    assert first["arn"].isdigit()
    assert error_code(sandbox.post(refunds, {"amount": 301})) == (422, "refund_exceeds_captured")
    assert sandbox.made(refunds)["amount"] == 300
    assert error_code(sandbox.post(refunds)) == (409, "nothing_to_refund")
    assert sandbox.get(f"/v1/captures/{capture}")["refundable_amount"] == 0
    now = sandbox.get(path)
    assert (now["refunded_amount"], now["refundable_amount"]) == (500, 500)
    assert sandbox.events_of(first["id"]) == ["refund.succeeded"]


def test_refund_of_an_authorization_spans_its_captures(sandbox: Sandbox) -> None:
    path, (one, two, three) = captured(sandbox, 300, 300, 400)
    sandbox.made(f"/v1/captures/{two}/refunds", {"amount": 100})
    refund = sandbox.made(f"{path}/refunds", {"amount": 600})
    assert refund["capture"] is None
    assert refund["parts"] == [
        {"capture": one, "amount": 300},
        {"capture": two, "amount": 200},
        {"capture": three, "amount": 100},
    ]
    assert sandbox.get(f"/v1/refunds/{refund['id']}") == refund
    refused = sandbox.post(f"{path}/refunds", {"amount": 301})
    assert error_code(refused) == (422, "refund_exceeds_captured")
    assert sandbox.made(f"{path}/refunds")["parts"] == [{"capture": three, "amount": 300}]
    assert [one["amount"] for one in sandbox.get(f"{path}/refunds")["data"]] == [100, 600, 300]


def test_refund_before_any_capture_is_refused(sandbox: Sandbox) -> None:
    path = f"/v1/authorizations/{sandbox.authorize()['id']}"
    assert error_code(sandbox.post(f"{path}/refunds")) == (409, "nothing_to_refund")


def test_refund_can_fail_days_after_it_succeeded(own_sandbox: Sandbox) -> None:
    path, (one, two) = captured(own_sandbox, 300, 300, card="tok_refund_fails_later")
    refund = own_sandbox.made(f"{path}/refunds", {"amount": 400})
    assert refund["status"] == "succeeded"
    assert own_sandbox.get(path)["refunded_amount"] == 400
    own_sandbox.control("clock", {"seconds": 5 * 86400})
    failed = own_sandbox.get(f"/v1/refunds/{refund['id']}")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert failed["failed_at"] > failed["created"]
    assert own_sandbox.events_of(refund["id"]) == ["refund.succeeded", "refund.failed"]
    assert own_sandbox.get(path)["refunded_amount"] == 0
    for capture in (one, two):
        assert own_sandbox.get(f"/v1/captures/{capture}")["refunded_amount"] == 0
    assert own_sandbox.made(f"{path}/refunds")["amount"] == 600


def test_refund_to_an_account_that_was_closed_is_refused_and_moves_nothing(
    sandbox: Sandbox,
) -> None:
    path, (capture,) = captured(sandbox, 300, card="tok_refund_refused")
    for place in (path, f"/v1/captures/{capture}"):
        assert error_code(sandbox.post(f"{place}/refunds")) == (422, "account_closed")
    assert sandbox.get(path)["refunded_amount"] == 0
    assert sandbox.get(f"{path}/refunds")["data"] == []
