import pytest

from tests.payments.gateways.sandbox.running import Sandbox, authorization_body, error_code


def test_approved_card_is_authorized_with_its_checks(sandbox: Sandbox) -> None:
    made = sandbox.authorize(1234, reference="order-7")
    assert made["status"] == "authorized"
    assert (made["amount"], made["approved_amount"]) == (1234, 1234)
    assert (made["capturable_amount"], made["captured_amount"]) == (1234, 0)
    assert (made["avs_result"], made["cvv_result"], made["decline_code"]) == ("Y", "M", None)
    assert (made["network"], made["currency"], made["reference"]) == ("visa", "EUR", "order-7")
    assert made["network_transaction_id"]
    assert made["expires_at"] > made["created"]
    assert sandbox.get(f"/v1/authorizations/{made['id']}") == made
    assert sandbox.events_of(made["id"]) == ["authorization.authorized"]


def test_automatic_capture_takes_all_at_once(sandbox: Sandbox) -> None:
    made = sandbox.authorize(500, capture="automatic")
    assert (made["captured_amount"], made["capturable_amount"]) == (500, 0)
    capture = sandbox.get(f"/v1/captures/{made['latest_capture']}")
    assert (capture["amount"], capture["authorization"]) == (500, made["id"])
    assert sandbox.events_of(capture["id"]) == ["capture.succeeded"]


@pytest.mark.parametrize(
    ("code", "network_code"),
    [
        ("insufficient_funds", "51"),
        ("do_not_honor", "05"),
        ("lost_card", "41"),
        ("stolen_card", "43"),
        ("expired_card", "54"),
        ("incorrect_cvc", "N7"),
        ("suspected_fraud", "59"),
        ("card_limit_exceeded", "61"),
        ("issuer_unavailable", "91"),
        ("retry_later", "19"),
        ("invalid_account", "14"),
        ("card_not_supported", "57"),
        ("currency_not_supported", "12"),
        ("restricted_card", "62"),
        ("pick_up_card", "04"),
    ],
)
def test_declined_card_tells_its_code(sandbox: Sandbox, code: str, network_code: str) -> None:
    made = sandbox.authorize(card=f"tok_declined_{code}", capture="automatic")
    assert (made["status"], made["decline_code"]) == ("declined", code)
    assert made["network_response_code"] == network_code
    assert made["decline_message"]
    assert (made["approved_amount"], made["captured_amount"]) == (0, 0)
    assert sandbox.events_of(made["id"]) == ["authorization.declined"]
    refused = sandbox.post(f"/v1/authorizations/{made['id']}/captures")
    assert error_code(refused) == (409, "authorization_not_approved")


def test_wrong_security_code_shows_in_the_cvv_result(sandbox: Sandbox) -> None:
    assert sandbox.authorize(card="tok_declined_incorrect_cvc")["cvv_result"] == "N"


def test_partial_approval_holds_less_than_asked(sandbox: Sandbox) -> None:
    made = sandbox.authorize(1001, card="tok_partial_approval")
    assert (made["status"], made["amount"], made["approved_amount"]) == (
        "partially_authorized",
        1001,
        600,
    )
    refused = sandbox.post(f"/v1/authorizations/{made['id']}/captures", {"amount": 601})
    assert error_code(refused) == (422, "capture_exceeds_authorized")
    assert sandbox.made(f"/v1/authorizations/{made['id']}/captures")["amount"] == 600


def test_frictionless_card_is_authenticated_without_a_challenge(sandbox: Sandbox) -> None:
    made = sandbox.authorize(card="tok_3ds_frictionless")
    assert made["status"] == "authorized"
    assert (made["three_ds"]["flow"], made["three_ds"]["result"]) == ("frictionless", "Y")


def test_passed_challenge_authorizes_and_captures(sandbox: Sandbox) -> None:
    made = sandbox.authorize(700, card="tok_3ds_challenge_passed", capture="automatic")
    assert (made["status"], made["captured_amount"]) == ("requires_action", 0)
    assert made["three_ds"]["result"] == "C"
    resolved = sandbox.control(f"authorizations/{made['id']}/resolve")
    assert (resolved["status"], resolved["captured_amount"]) == ("authorized", 700)
    assert resolved["three_ds"]["result"] == "Y"
    assert sandbox.events_of(made["id"]) == [
        "authorization.requires_action",
        "authorization.authorized",
    ]


def test_failed_challenge_declines(sandbox: Sandbox) -> None:
    made = sandbox.authorize(card="tok_3ds_challenge_failed")
    resolved = sandbox.control(f"authorizations/{made['id']}/resolve")
    assert (resolved["status"], resolved["decline_code"]) == ("declined", "authentication_failed")
    assert resolved["three_ds"]["result"] == "N"


@pytest.mark.parametrize(
    ("card", "outcome", "status"),
    [
        ("tok_pending", "by_token", "authorized"),
        ("tok_pending_declined", "by_token", "declined"),
        ("tok_pending", "declined", "declined"),
        ("tok_pending_declined", "approved", "authorized"),
    ],
)
def test_pending_authorization_resolves_once(
    sandbox: Sandbox, card: str, outcome: str, status: str
) -> None:
    made = sandbox.authorize(card=card)
    assert (made["status"], made["approved_amount"]) == ("pending", 0)
    path = f"authorizations/{made['id']}/resolve"
    assert sandbox.control(path, {"outcome": outcome})["status"] == status
    again = sandbox.client.post(f"/control/{path}", json={"outcome": outcome})
    assert error_code(again) == (409, "authorization_resolved")


def test_several_captures_use_up_the_authorization(sandbox: Sandbox) -> None:
    made = sandbox.authorize(1000)
    path = f"/v1/authorizations/{made['id']}/captures"
    first = sandbox.made(path, {"amount": 300, "reference": "parcel-1"})
    assert (first["amount"], first["status"], first["reference"]) == (300, "succeeded", "parcel-1")
    assert error_code(sandbox.post(path, {"amount": 701})) == (422, "capture_exceeds_authorized")
    assert sandbox.made(path)["amount"] == 700
    assert error_code(sandbox.post(path, {"amount": 1})) == (409, "authorization_used_up")
    assert [capture["amount"] for capture in sandbox.get(path)["data"]] == [300, 700]
    now = sandbox.get(f"/v1/authorizations/{made['id']}")
    assert (now["captured_amount"], now["capturable_amount"]) == (1000, 0)


def test_increment_raises_what_can_be_captured(sandbox: Sandbox) -> None:
    made = sandbox.authorize(1000)
    path = f"/v1/authorizations/{made['id']}"
    increment = sandbox.made(f"{path}/increments", {"amount": 250})
    assert (increment["object"], increment["amount"]) == ("increment", 250)
    assert sandbox.get(f"/v1/increments/{increment['id']}") == increment
    assert sandbox.get(f"{path}/increments")["data"] == [increment]
    assert sandbox.get(path)["approved_amount"] == 1250
    assert sandbox.made(f"{path}/captures", {"amount": 1250})["amount"] == 1250
    assert error_code(sandbox.post(f"{path}/increments", {"amount": 1})) == (
        409,
        "authorization_used_up",
    )
    assert "authorization.incremented" in sandbox.events_of(made["id"])


def test_increment_without_an_amount_is_refused(sandbox: Sandbox) -> None:
    made = sandbox.authorize()
    refused = sandbox.post(f"/v1/authorizations/{made['id']}/increments")
    assert error_code(refused) == (422, "amount_missing")


def test_void_gives_back_what_was_not_captured(sandbox: Sandbox) -> None:
    made = sandbox.authorize(1000)
    path = f"/v1/authorizations/{made['id']}"
    sandbox.made(f"{path}/captures", {"amount": 400})
    partly = sandbox.made(f"{path}/void", {"amount": 100})
    assert (partly["object"], partly["amount"], partly["status"]) == ("void", 100, "succeeded")
    assert error_code(sandbox.post(f"{path}/void", {"amount": 501})) == (
        422,
        "void_exceeds_authorized",
    )
    rest = sandbox.made(f"{path}/void")
    assert rest["amount"] == 500
    assert sandbox.get(f"/v1/voids/{rest['id']}") == rest
    assert sandbox.get(f"{path}/voids")["data"] == [partly, rest]
    now = sandbox.get(path)
    assert (now["captured_amount"], now["voided_amount"], now["capturable_amount"]) == (400, 600, 0)
    assert sandbox.events_of(made["id"])[1:] == ["authorization.voided"] * 2


@pytest.mark.parametrize("what", ["captures", "void", "increments"])
def test_voided_authorization_is_used_up(sandbox: Sandbox, what: str) -> None:
    path = f"/v1/authorizations/{sandbox.authorize()['id']}"
    sandbox.made(f"{path}/void")
    assert error_code(sandbox.post(f"{path}/{what}", {"amount": 1})) == (
        409,
        "authorization_used_up",
    )


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD"])
def test_every_real_currency_is_taken(sandbox: Sandbox, currency: str) -> None:
    assert sandbox.authorize(currency=currency)["currency"] == currency


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_invalid"),
        ({"amount": -1}, "amount_invalid"),
        ({"amount": 10.0}, "amount_invalid"),
        ({"amount": "10"}, "amount_invalid"),
        ({"amount": True}, "amount_invalid"),
        ({"amount": 10**13}, "amount_invalid"),
        ({"amount": 10**400}, "amount_invalid"),
        ({"amount": None}, "amount_missing"),
        ({"currency": "EURO"}, "currency_unknown"),
        ({"currency": "eur"}, "currency_unknown"),
        ({"currency": ["EUR"]}, "currency_unknown"),
        ({"currency": None}, "currency_unknown"),
        ({"card": "tok_nobody"}, "card_unknown"),
        ({"card": "tok_visa_approved."}, "card_unknown"),
        ({"card": "tok_visa_approved.a.b"}, "card_unknown"),
        ({"card": 4242}, "card_invalid"),
        ({"card": None}, "card_missing"),
        ({"reference": ""}, "reference_missing"),
        ({"reference": "x" * 256}, "reference_invalid"),
        ({"reference": "a\x00b"}, "reference_invalid"),
        ({"reference": {}}, "reference_invalid"),
        ({"capture": "sometimes"}, "capture_invalid"),
        ({"capture": {}}, "capture_invalid"),
        ({"occurred_at": "yesterday"}, "occurred_at_invalid"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at_invalid"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at_invalid"),
        ({"occurred_at": 5}, "occurred_at_invalid"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at_in_future"),
        ({"colour": "red"}, "field_unknown"),
    ],
)
def test_wrong_field_is_refused_by_name(
    sandbox: Sandbox, changes: dict[str, object], code: str
) -> None:
    response = sandbox.post("/v1/authorizations", {**authorization_body(), **changes})
    assert error_code(response) == (422, code)


def test_card_number_sent_by_mistake_is_not_repeated(sandbox: Sandbox) -> None:
    number = "4242" * 4
    response = sandbox.post("/v1/authorizations", authorization_body(card=number))
    assert error_code(response) == (422, "card_unknown")
    assert number not in response.text
