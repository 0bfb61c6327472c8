"""A shop's backend that asks again, blindly and with the same key, until it is answered."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

AGAIN = {
    "idempotency_key_in_flight",
    "too_many_requests",
    "busy",
    "outcome_unknown",
    "record_unavailable",
}
PATIENCE_S = 120.0
"""Longer than a request with the same key may be at work: half a minute."""
IMPATIENT = 0.08
"""How often it hangs up before it can have an answer, and asks again at once."""


@dataclass
class Shop:
    """One process of it. `told` keeps the ids that each key was answered with, `odd` whatever it
    was told that a shop must never be told."""

    url: str
    secret: str
    card: str
    seed: str
    told: dict[str, list[str]] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    repeats: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.http = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {self.secret}"},
            timeout=30,
            trust_env=False,
        )

    def ask(self, path: str, body: dict[str, Any] | None, key: str = "") -> dict[str, Any]:
        """Until there is an answer that is one; a problem that says no is one, too."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            status, said = self._ask_once(path, body, key)
            if status and said.get("code") not in AGAIN:
                if status >= 500:
                    self.odd.append(f"{status} {path} {said}")
                return said
            self.repeats += 1
            time.sleep(self.chance.uniform(0, 0.3))
        self.odd.append(f"no answer to {path} with {key}")
        return {}

    def _ask_once(
        self, path: str, body: dict[str, Any] | None, key: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and what was said; 0 for no answer at all."""
        try:
            if body is None:
                answer = self.http.get(path)
            else:
                is_impatient = self.chance.random() < IMPATIENT
                answer = self.http.post(
                    path,
                    json=body,
                    headers={"Idempotency-Key": key},
                    timeout=self.chance.uniform(0.005, 0.05) if is_impatient else 30,
                )
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def sell(self, number: int) -> str:
        """One order, from wherever it stands to where it is paid; how it stands now."""
        key = f"{self.seed}-{number}"
        body = {
            "amount": 1000 + number,
            "currency": "EUR",
            "card": self.card,
            "order_reference": f"order-{number}",
            "capture_method": "manual" if number % 2 else "automatic",
        }
        made = self.ask("/payments", body, key)
        if "id" not in made:
            self.odd.append(f"{key}: {made}")
            return ""
        self.told.setdefault(key, []).append(made["id"])
        payment = self.ask(f"/payments/{made['id']}", None)
        if payment.get("status") == "failed":
            turn = len(payment["attempts"])
            payment = self.ask(
                f"/payments/{made['id']}/confirm", {"card": self.card}, f"{key}-again-{turn}"
            )
        if payment.get("status") == "authorized" and number % 2 and not payment["captures"]:
            payment = self.ask(f"/payments/{made['id']}/capture", {}, f"{key}-capture")
        return str(payment.get("status", payment.get("code")))

    def sell_all(self, numbers: Sequence[int]) -> dict[str, Any]:
        """All these orders; what became of them, and what it was told."""
        states = {number: self.sell(number) for number in numbers}
        return {"states": states, "told": self.told, "odd": self.odd, "repeats": self.repeats}
