"""People at work: each refunds and captures through the pages, and sends again what got no answer,
as a person does who sees a page of trouble: the same form, with the same key."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import httpx

FIELD = re.compile(r'name="(key|seen|csrfmiddlewaretoken)"[^>]*?value="([^"]*)"')
DONE, REFUSED, SILENT = "done", "refused", "silent"
TRIES = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What a person was told in the end of one thing he asked for."""

    what: str
    payment_id: UUID
    key: str
    minor: int
    answer: str
    troubles: int


@dataclass
class Person:
    """One browser. `work` runs until it is told to stop."""

    url: str
    email: str
    password: str
    seed: str
    told: list[Told] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        # As long as it takes: an impatient client would be another fault than ours.
        self.browser = httpx.Client(base_url=self.url, timeout=30, follow_redirects=False)

    def sign_in(self) -> bool:
        page = self.browser.get("/accounts/login/")
        token = dict(FIELD.findall(page.text)).get("csrfmiddlewaretoken", "")
        answer = self.browser.post(
            "/accounts/login/",
            data={"login": self.email, "password": self.password, "csrfmiddlewaretoken": token},
            headers={"referer": self.url},
        )
        return answer.status_code == httpx.codes.FOUND

    def work(self, payments: Callable[[], list[tuple[UUID, str]]], over: threading.Event) -> None:
        while not over.is_set():
            try:
                self._once(payments())
            except httpx.HTTPError:
                time.sleep(0.05)

    def _once(self, payments: list[tuple[UUID, str]]) -> None:
        self.browser.get("/payments/")
        self.looks += 1
        if not payments:
            time.sleep(0.1)
            return
        payment_id, status = self.chance.choice(payments)
        what = "captures" if status == "authorized" else "refunds"
        address = f"/payments/{payment_id}/{what}/new/"
        page = self.browser.get(address)
        form = dict(FIELD.findall(page.text))
        if page.status_code != httpx.codes.OK or int(form.get("seen") or 0) <= 0:
            time.sleep(0.05)
            return
        minor = min(self.chance.randint(1, 300), int(form["seen"]))
        data = {**form, "amount": f"{minor / 100:.2f}", "reason": "requested_by_customer"}
        self._send(what, payment_id, address, data, minor)

    def _send(
        self, what: str, payment_id: UUID, address: str, data: dict[str, str], minor: int
    ) -> None:
        answer = SILENT
        troubles = 0
        for _ in range(TRIES):
            try:
                said = self.browser.post(address, data=data, headers={"referer": self.url})
            except httpx.HTTPError:
                troubles += 1
                time.sleep(0.5)
                continue
            if said.status_code >= 500:
                assert said.status_code == 503, (said.status_code, address, said.text)
                troubles += 1
                time.sleep(0.5)
                continue
            answer = DONE if said.status_code == httpx.codes.FOUND else REFUSED
            break
        self.told.append(Told(what, payment_id, data["key"], minor, answer, troubles))
