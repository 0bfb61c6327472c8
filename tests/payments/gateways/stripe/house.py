"""What a server with the shapes and the manners of Stripe's public API knows and does.

It is as strict as Stripe where money depends on it: idempotency keys keep the first answer of an
execution (an error of the server's too), another content under a known key is refused, the search
lags behind, what has no object of its own is only in the metadata.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Body = dict[str, Any]
Params = dict[str, str]
CREATED = 1_795_700_000


class Refused(Exception):
    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error.get("code"))
        self.status = status
        self.error = error


@dataclass
class FakeStripe:
    """What it knows, and what will go wrong next: `armed[operation]`."""

    intents: dict[str, Body] = field(default_factory=dict)
    refunds: dict[str, Body] = field(default_factory=dict)
    others: dict[str, Body] = field(default_factory=dict)
    answered: dict[str, tuple[str, int, Body]] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    armed: dict[str, tuple[str, float]] = field(default_factory=dict)
    calls: list[tuple[str, str, Params, dict[str, str]]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    search_lags: bool = False
    is_live: bool = False
    url: str = ""

    def arm(self, operation: str, fault: str, seconds: float = 0.0) -> None:
        self.armed[operation] = (fault, seconds)

    def count(self, kind: str) -> int:
        """How often something was done: authorized, captured, voided, refunded."""
        if kind == "refunded":
            return len(self.refunds)
        if kind == "voided":
            return sum(one["status"] == "canceled" and _held(one) for one in self.intents.values())
        if kind == "captured":
            return sum(
                name.startswith("c_") for one in self.intents.values() for name in one["metadata"]
            )
        return sum(_held(one) for one in self.intents.values())

    # Operations: (method, path) → what is done

    def perform(self, method: str, path: str, params: Params) -> Body:
        parts = path.strip("/").split("/")[1:]
        found = self._read(parts, params) if method == "GET" else self._write(parts, params)
        if found is None:
            raise Refused(404, type="invalid_request_error", code="url_invalid")
        return found

    def _read(self, parts: list[str], params: Params) -> Body | None:
        match parts:
            case ["balance"]:
                return {"object": "balance", "livemode": self.is_live, "available": []}
            case ["payment_methods", token]:
                return _payment_method(token)
            case ["payment_intents", "search"]:
                return self._search(params)
            case ["payment_intents", name]:
                return self._intent(name)
            case ["refunds"]:
                rows = [one for one in self.refunds.values() if _fits(one, params)]
                return {"object": "list", "data": rows, "has_more": False}
            case ["disputes" | "payouts" as kind]:
                rows = [one for one in self.others.values() if f"{one['object']}s" == kind]
                return {"object": "list", "data": rows, "has_more": False}
            case [kind, name]:
                return self._other(kind, name)
        return None

    def _write(self, parts: list[str], params: Params) -> Body | None:
        match parts:
            case ["payment_intents"]:
                return self._create(params)
            case ["payment_intents", name, "capture"]:
                return self._capture(self._intent(name), params)
            case ["payment_intents", name, "cancel"]:
                return self._cancel(self._intent(name))
            case ["payment_intents", name, "increment_authorization"]:
                return self._increment(self._intent(name), params)
            case ["refunds"]:
                return self._refund(params)
        return None

    def _other(self, kind: str, name: str) -> Body:
        found = self.refunds.get(name) if kind == "refunds" else self.others.get(name)
        if found is None:
            raise Refused(404, type="invalid_request_error", code="resource_missing")
        return found

    def _intent(self, name: str) -> Body:
        if name not in self.intents:
            raise Refused(404, type="invalid_request_error", code="resource_missing")
        return self.intents[name]

    def _search(self, params: Params) -> Body:
        _head, _colon, value = params["query"].partition(":")
        key = value.strip("'")
        rows = [
            one
            for one in self.intents.values()
            if one["metadata"].get("comptoir_key") == key and not self.search_lags
        ]
        return {"object": "search_result", "data": rows, "has_more": False}

    def _create(self, params: Params) -> Body:
        name = f"pi_{next(self.numbers):024d}"
        intent: Body = {
            "id": name,
            "object": "payment_intent",
            "amount": int(params["amount"]),
            "amount_capturable": 0,
            "amount_received": 0,
            "currency": params["currency"],
            "capture_method": params.get("capture_method", "automatic"),
            "created": CREATED,
            "latest_charge": None,
            "last_payment_error": None,
            "next_action": None,
            "cancellation_reason": None,
            "metadata": _metadata(params),
            "status": "requires_payment_method",
            "livemode": self.is_live,
        }
        if params.get("confirm") != "true":
            self.intents[name] = intent
            return intent
        token = params["payment_method"]
        if not token.startswith("pm_card_"):
            raise Refused(400, type="invalid_request_error", code="resource_missing")
        self.intents[name] = intent
        self._confirm(intent, token.removeprefix("pm_card_"))
        return intent

    def _confirm(self, intent: Body, card: str) -> None:
        if card.startswith("declined_"):
            error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": card.removeprefix("declined_"),
                "message": "Your card was declined.",
            }
            intent["last_payment_error"] = error
            raise Refused(402, **error, payment_intent=intent)
        if card == "3ds":
            intent["status"] = "requires_action"
            url = "https://hooks.stripe.com/3d_secure"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
            return
        if card == "processing":
            intent["status"] = "processing"
            return
        held = intent["amount"] * 6 // 10 if card == "partial" else intent["amount"]
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = held
        intent["latest_charge"] = _charge(intent, held, card)

    def _capture(self, intent: Body, params: Params) -> Body:
        amount = int(params["amount_to_capture"])
        if intent["status"] != "requires_capture":
            raise Refused(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        if amount > intent["amount_capturable"]:
            raise Refused(400, type="invalid_request_error", code="amount_too_large")
        card = intent["latest_charge"]["payment_method_details"]["card"]
        goes_on = params.get("final_capture") == "false"
        if goes_on and card["multicapture"]["status"] != "available":
            raise Refused(400, type="invalid_request_error", code="parameter_invalid")
        intent["amount_received"] += amount
        intent["amount_capturable"] -= amount
        if not goes_on or intent["amount_capturable"] == 0:
            intent["status"], intent["amount_capturable"] = "succeeded", 0
        intent["metadata"] |= _metadata(params)
        return intent

    def _cancel(self, intent: Body) -> Body:
        if intent["status"] in ("succeeded", "canceled"):
            raise Refused(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        intent["status"], intent["amount_capturable"] = "canceled", 0
        return intent

    def _increment(self, intent: Body, params: Params) -> Body:
        if intent["status"] != "requires_capture":
            raise Refused(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        more = int(params["amount"]) - intent["amount"]
        intent["amount"] += more
        intent["amount_capturable"] += more
        card = intent["latest_charge"]["payment_method_details"]["card"]
        card["amount_authorized"] += more
        intent["metadata"] |= _metadata(params)
        return intent

    def _refund(self, params: Params) -> Body:
        intent = self._intent(params["payment_intent"])
        amount = int(params["amount"])
        given = sum(
            one["amount"] for one in self.refunds.values() if one["payment_intent"] == intent["id"]
        )
        if amount > intent["amount_received"] - given:
            raise Refused(400, type="invalid_request_error", code="charge_already_refunded")
        if intent["latest_charge"] is not None:
            intent["latest_charge"]["amount_refunded"] = given + amount
        name = f"re_{next(self.numbers):024d}"
        self.refunds[name] = {
            "id": name,
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": _metadata(params),
            "status": "succeeded",
            "failure_reason": None,
            "destination_details": {
                "type": "card",
                "card": {
                    "reference": f"{next(self.numbers):023d}",
                    "reference_status": "available",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
            },
        }
        return self.refunds[name]


def _held(intent: Body) -> bool:
    return intent["latest_charge"] is not None


def _fits(refund: Body, params: Params) -> bool:
    return bool(refund["payment_intent"] == params["payment_intent"])


def _metadata(params: Params) -> dict[str, str]:
    head = "metadata["
    return {name[len(head) : -1]: value for name, value in params.items() if name.startswith(head)}


def _charge(intent: Body, held: int, card: str) -> Body:
    return {
        "id": intent["id"].replace("pi_", "ch_"),
        "object": "charge",
        "status": "succeeded",
        "amount_refunded": 0,
        "outcome": {"network_status": "approved_by_network", "network_decline_code": None},
        "payment_method_details": {
            "type": "card",
            "card": {
                "amount_authorized": held,
                "brand": "visa",
                "network": "visa",
                "network_transaction_id": "976910110049114",
                "capture_before": CREATED + 7 * 86_400,
                "checks": {"address_postal_code_check": "pass", "cvc_check": "pass"},
                "multicapture": {"status": "unavailable" if card == "once" else "available"},
                "three_d_secure": None,
            },
        },
    }


def _payment_method(token: str) -> Body:
    if not token.startswith("pm_card_"):
        raise Refused(404, type="invalid_request_error", code="resource_missing")
    card = {
        "brand": "mastercard",
        "last4": "4444",
        "exp_month": 8,
        "exp_year": 2031,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "funding": "credit",
        "country": "FR",
    }
    return {"id": token, "object": "payment_method", "type": "card", "card": card}
