import pytest

from tests.payments.gateways.sandbox.running import Sandbox, error_code


@pytest.mark.parametrize(
    ("token", "brand"),
    [
        ("tok_visa_approved", "visa"),
        ("tok_mastercard_approved", "mastercard"),
        ("tok_amex_approved", "amex"),
    ],
)
def test_token_tells_its_card(sandbox: Sandbox, token: str, brand: str) -> None:
    card = sandbox.get(f"/v1/cards/{token}")
    assert (card["token"], card["brand"]) == (token, brand)
    assert len(card["bin"]) == 6
    assert len(card["last4"]) == 4
    assert 1 <= card["exp_month"] <= 12
    assert card["exp_year"] > 2028
    assert card["fingerprint"]
    assert card["funding"] in ("credit", "debit", "prepaid")
    assert len(card["country"]) == 2


def test_suffix_makes_another_card_that_stays_the_same(sandbox: Sandbox) -> None:
    tokens = [f"tok_visa_approved.c{number}" for number in range(50)]
    cards = [sandbox.get(f"/v1/cards/{token}") for token in tokens]
    assert cards == [sandbox.get(f"/v1/cards/{token}") for token in tokens]
    assert {card["brand"] for card in cards} == {"visa"}
    assert len({card["fingerprint"] for card in cards}) == 50
    assert len({card["last4"] for card in cards}) > 40
    assert len({card["exp_month"] for card in cards}) > 6


def test_suffix_keeps_the_behaviour(sandbox: Sandbox) -> None:
    made = sandbox.authorize(card="tok_declined_lost_card.customer-7")
    assert (made["status"], made["decline_code"]) == ("declined", "lost_card")


def test_expired_card_has_expired(sandbox: Sandbox) -> None:
    assert sandbox.get("/v1/cards/tok_declined_expired_card")["exp_year"] < 2026


def test_all_known_tokens_are_listed_and_usable(sandbox: Sandbox) -> None:
    tokens = [card["token"] for card in sandbox.get("/v1/cards")["data"]]
    assert len([token for token in tokens if token.startswith("tok_declined_")]) >= 15
    assert len([token for token in tokens if token.startswith("tok_dispute_")]) >= 5
    for token in tokens:
        assert sandbox.authorize(card=token)["card"] == token


@pytest.mark.parametrize("token", ["tok_nobody", "visa", "tok_visa_approved.%2F", "4242" * 4])
def test_unknown_card_is_refused(sandbox: Sandbox, token: str) -> None:
    response = sandbox.client.get(f"/v1/cards/{token}")
    assert response.status_code in (404, 422)
    assert response.json()["error"]["code"] in ("card_unknown", "not_found")


def test_cards_are_not_created(sandbox: Sandbox) -> None:
    assert error_code(sandbox.post("/v1/cards", {})) == (405, "method_not_allowed")
