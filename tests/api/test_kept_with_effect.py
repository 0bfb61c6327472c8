"""Where nobody is waited for, the answer is kept by the flush of what it tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest

from audit.command import Run
from audit.idempotency.answers import present
from audit.idempotency.models import Record
from audit.idempotency.queries import digest_of
from payments.api.finding import get_own_story
from payments.models import Capture
from payments.queries.payments import Story
from tests.api.conftest import Shop
from tests.api.test_once import ONCE
from tests.api.test_payments import authorized

pytestmark = pytest.mark.django_db

TOLD_AT_ONCE = sorted(set(ONCE) - {"customer", "endpoint", "rotated"})
"""Of the others the answer needs what cannot be told before it is written."""


def record() -> Record:
    return Record.objects.get(digest=digest_of("k"))


def is_kept_with_effect() -> bool:
    found = record()
    return found.answered_at is not None and found.answered_at == found.made_at


@pytest.mark.parametrize("what", TOLD_AT_ONCE)
def test_answer_kept_with_the_effect_is_what_is_true_after_it(shop: Shop, what: str) -> None:
    path, body = ONCE[what](shop)
    answer = shop.call("POST", path, body, idempotency_key="k")
    assert is_kept_with_effect()
    kept = record()
    status, told = present(kept.subject_kind, kept.subject_id)
    assert (answer.status_code, answer.json()) == (status, json.loads(json.dumps(told)))


def test_answer_tells_what_was_there_before_too(shop: Shop) -> None:
    payment_id = authorized(shop)
    path = f"/payments/{payment_id}/capture"
    _one, _two, told = (shop.call("POST", path, {"amount": minor}).json() for minor in (3, 4, 5))
    assert [one["amount"] for one in told["captures"]] == [3, 4, 5]
    assert told == present("payment", Capture.objects.all()[0].payment_id)[1]


def test_payment_that_changed_since_it_was_read_is_told_anew(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = authorized(shop)

    def read(request: HttpRequest, asked: Any) -> Story:
        story = get_own_story(request, asked)
        # A rival is faster: what was read is not what the command finds.
        monkeypatch.undo()
        shop.call("POST", f"/payments/{payment_id}/capture", {"amount": 3})
        return story

    monkeypatch.setattr("payments.api.payments.get_own_story", read)
    path = f"/payments/{payment_id}/capture"
    answer = shop.call("POST", path, {"amount": 4}, idempotency_key="k")
    assert not is_kept_with_effect()
    assert [one["amount"] for one in answer.json()["captures"]] == [3, 4]
    assert answer.json() == present("payment", Capture.objects.all()[0].payment_id)[1]


def test_commit_that_nobody_answered_is_told_as_it_was_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/payments/{authorized(shop)}/capture"

    def lose(_run: Run, _work: Any) -> None:
        # Another capture comes before the answer goes out.
        monkeypatch.undo()
        shop.call("POST", path, {"amount": 5})

    monkeypatch.setattr(Run, "tell_company", lose)
    first = shop.call("POST", path, {"amount": 4}, idempotency_key="k")
    assert [one["amount"] for one in first.json()["captures"]] == [4]
    again = shop.call("POST", path, {"amount": 4}, idempotency_key="k")
    assert again.content == first.content
