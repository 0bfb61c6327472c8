"""Payments over the API: what is answered, what is done, and that it is done once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock
from audit.actor import acting_as, system
from audit.idempotency.models import Record
from audit.idempotency.tasks import complete_unanswered
from audit.models import LogEntry
from payments.commands.captures import record_capture_result
from payments.models import Capture, Payment, Refund
from tests.api.conftest import Shop, open_shop
from tests.api.test_keys_at_the_door import problem_of
from tests.payments.builders import answer_attempt, answer_refund, operation_answer

pytestmark = pytest.mark.django_db


def settle(payment_id: str, status: str = "authorized", **facts: Any) -> Payment:
    with acting_as(system("test")):
        return answer_attempt(Payment.objects.get(pk=payment_id), status, **facts)


def authorized(shop: Shop, minor: int = 10_000) -> str:
    made = shop.pay(minor, capture_method="manual").json()
    settle(made["id"])
    return str(made["id"])


def captured(shop: Shop, minor: int = 10_000) -> str:
    made = shop.pay(minor).json()
    settle(made["id"])
    capture = Capture.objects.get(payment_id=made["id"])
    with acting_as(system("test")):
        answer = operation_answer(capture, settles_at=clock.now() + timedelta(hours=6))
        record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    return str(made["id"])


def test_payment_waits_for_the_provider_as_processing(shop: Shop) -> None:
    answer = shop.pay(1234, customer=str(shop.customer.pk), order_reference="A-17")
    assert answer.status_code == 202
    told = answer.json()
    assert told["status"] == "processing"
    assert (told["amount"], told["currency"], told["order_reference"]) == (1234, "EUR", "A-17")
    payment = Payment.objects.get(pk=told["id"])
    assert payment.merchant_id == shop.merchant.pk
    entry = LogEntry.objects.get(event="payments.payment.created", object_pk=told["id"])
    assert (entry.actor_kind, entry.actor_label) == ("api_key", shop.key.reference)


def test_unknown_outcome_is_told_as_processing(shop: Shop) -> None:
    made = shop.pay().json()
    settle(made["id"], "pending")
    told = shop.call("GET", f"/payments/{made['id']}").json()
    assert Payment.objects.get(pk=made["id"]).status == "unknown"
    assert (told["status"], told["attempts"][0]["status"]) == ("processing", "processing")


def test_decline_is_told_with_what_to_do(shop: Shop) -> None:
    made = shop.pay().json()
    settle(made["id"], "declined", decline_code="insufficient_funds", raw_decline_code="51")
    told = shop.call("GET", f"/payments/{made['id']}").json()
    assert told["status"] == "failed"
    decline = told["attempts"][0]["decline"]
    assert (decline["code"], decline["raw_code"], decline["retryable"]) == (
        "insufficient_funds",
        "51",
        True,
    )
    assert decline["for_customer"]


def test_declined_payment_is_confirmed_with_another_try(shop: Shop) -> None:
    made = shop.pay().json()
    settle(made["id"], "declined", decline_code="insufficient_funds")
    answer = shop.call("POST", f"/payments/{made['id']}/confirm", {"card": str(shop.card.pk)})
    assert answer.status_code == 202
    assert [one["number"] for one in answer.json()["attempts"]] == [1, 2]


def test_authorized_payment_says_what_may_be_done(shop: Shop) -> None:
    told = shop.call("GET", f"/payments/{authorized(shop)}").json()
    assert told["actions"]["capture"]["allowed"] is True
    assert told["actions"]["refund"]["allowed"] is False
    assert "captured" in told["actions"]["refund"]["reason"]


def test_part_of_what_is_held_is_captured_and_the_rest_later(shop: Shop) -> None:
    payment_id = authorized(shop)
    first = shop.call("POST", f"/payments/{payment_id}/capture", {"amount": 4000})
    assert first.status_code == 202
    second = shop.call("POST", f"/payments/{payment_id}/capture")
    assert [one["amount"] for one in second.json()["captures"]] == [4000, 6000]
    third = shop.call("POST", f"/payments/{payment_id}/capture", {"amount": 1})
    assert (third.status_code, problem_of(third)) == (409, "capture_refused")


def test_refund_is_asked_for_and_looked_at(shop: Shop) -> None:
    payment_id = captured(shop)
    answer = shop.call("POST", "/refunds", {"payment": payment_id, "amount": 1234})
    assert answer.status_code == 202
    refund = Refund.objects.get(pk=answer.json()["id"])
    with acting_as(system("test")):
        answer_refund(refund, arn="74000000000000000000001")
    told = shop.call("GET", f"/refunds/{refund.pk}").json()
    assert (told["status"], told["amount"], told["arn"]) == (
        "succeeded",
        1234,
        "74000000000000000000001",
    )
    listed = shop.call("GET", f"/refunds?payment={payment_id}").json()["data"]
    assert [one["id"] for one in listed] == [str(refund.pk)]


def test_void_is_answered_with_the_payment(shop: Shop) -> None:
    payment_id = authorized(shop)
    answer = shop.call("POST", f"/payments/{payment_id}/void")
    assert answer.status_code == 202
    assert answer.json()["id"] == payment_id
    again = shop.call("POST", f"/payments/{payment_id}/void")
    assert problem_of(again) == "void_refused"


def test_more_is_held_when_it_is_asked_for(shop: Shop) -> None:
    payment_id = authorized(shop)
    answer = shop.call("POST", f"/payments/{payment_id}/increment", {"amount": 500})
    assert answer.status_code == 202
    assert [(one["amount"], one["status"]) for one in answer.json()["increments"]] == [
        (500, "processing")
    ]


def test_last_capture_lets_go_of_the_rest(shop: Shop) -> None:
    payment_id = authorized(shop)
    body = {"amount": 4000, "final": True}
    assert shop.call("POST", f"/payments/{payment_id}/capture", body).status_code == 202
    again = shop.call("POST", f"/payments/{payment_id}/capture", {"amount": 1})
    assert problem_of(again) == "capture_refused"


def test_capture_is_taken_back_before_it_is_settled(shop: Shop) -> None:
    payment_id = captured(shop)
    capture = Capture.objects.get(payment_id=payment_id)
    url = f"/payments/{payment_id}/captures/{capture.pk}/void"
    answer = shop.call("POST", url)
    assert (answer.status_code, answer.json()["captures"][0]["status"]) == (202, "voiding")
    other = authorized(shop)
    url = f"/payments/{other}/captures/{capture.pk}/void"
    assert shop.call("POST", url).status_code == 404


def test_list_goes_on_where_it_stopped(shop: Shop) -> None:
    made = [shop.pay(100 + number).json()["id"] for number in range(5)]
    found, after = [], ""
    while True:
        page = shop.call("GET", f"/payments?limit=2&after={after}").json()
        found += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == made[::-1]


def test_looks_are_on_record_and_lists_cost_few_queries(shop: Shop) -> None:
    for number in range(3):
        shop.pay(100 + number)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert shop.call("GET", "/payments").status_code == 200
    entry = LogEntry.objects.get(event="access.api.payments")
    assert (entry.actor_label, entry.additional_data["rows"]) == (shop.key.reference, 3)
    selects = [one for one in queries if one["sql"].startswith("SELECT")]
    assert len(selects) <= 8


# Once by key


def test_repeat_gives_the_first_answer_and_does_nothing(shop: Shop) -> None:
    first = shop.pay(idempotency_key="order-17")
    settle(first.json()["id"])
    again = shop.pay(idempotency_key='"order-17"')
    assert again.content == first.content
    assert again.status_code == first.status_code
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Payment.objects.count() == 1


def test_repeat_is_one_select_behind_the_door(shop: Shop) -> None:
    shop.pay(idempotency_key="k")
    shop.call("GET", "/payments")
    with CaptureQueriesContext(connection) as queries:
        assert shop.pay(idempotency_key="k")["Idempotent-Replayed"] == "true"
    assert len([one for one in queries if "idempotency_record" in one["sql"]]) == 1
    assert len(queries) <= 3


def test_same_key_with_another_body_is_refused(shop: Shop) -> None:
    shop.pay(1000, idempotency_key="k")
    answer = shop.pay(1001, idempotency_key="k")
    assert (answer.status_code, problem_of(answer)) == (422, "idempotency_key_reused")
    assert Payment.objects.count() == 1


def test_same_key_at_another_address_is_refused(shop: Shop) -> None:
    payment_id = authorized(shop)
    shop.call("POST", f"/payments/{payment_id}/capture", {"amount": 5}, idempotency_key="k")
    answer = shop.call("POST", f"/payments/{payment_id}/void", idempotency_key="k")
    assert (answer.status_code, problem_of(answer)) == (422, "idempotency_key_reused")


def test_key_is_its_owners_alone(shop: Shop) -> None:
    other = open_shop(name="Other")
    first, second = shop.pay(idempotency_key="k"), other.pay(idempotency_key="k")
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "é", "a b", '""'])
def test_unreadable_key_is_refused(shop: Shop, key: str) -> None:
    answer = shop.call(
        "POST",
        "/customers",
        {},
        idempotency_key=None,
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == 400
    assert problem_of(answer).startswith("idempotency_key_")


def test_post_without_a_key_is_refused_and_nothing_is_done(shop: Shop) -> None:
    answer = shop.pay(idempotency_key=None)
    assert (answer.status_code, problem_of(answer)) == (400, "idempotency_key_missing")
    assert Payment.objects.count() == 0


def test_what_was_refused_is_not_kept(shop: Shop) -> None:
    body = {"amount": 1, "currency": "GBP", "card": str(shop.card.pk)}
    answer = shop.call("POST", "/payments", body, idempotency_key="k")
    assert problem_of(answer) == "currency_not_taken"
    assert Record.objects.count() == 0
    assert shop.pay(idempotency_key="k").status_code == 202


def test_first_call_under_way_is_a_conflict(shop: Shop) -> None:
    made = shop.pay(idempotency_key="k").json()
    forget_answer(made["id"])
    answer = shop.pay(idempotency_key="k")
    assert (answer.status_code, problem_of(answer)) == (409, "idempotency_key_in_flight")
    assert answer["Retry-After"] == "1"


def test_answer_that_nobody_lived_to_give_is_given_later(shop: Shop) -> None:
    made = shop.pay(idempotency_key="k").json()
    forget_answer(made["id"])
    with clock.at(clock.now() + timedelta(minutes=1)):
        complete_unanswered()
        assert Record.objects.get().status_code == 202
        again = shop.pay(idempotency_key="k")
    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["id"] == made["id"]
    assert Payment.objects.count() == 1


def test_kept_answer_is_sealed(shop: Shop) -> None:
    made = shop.pay(idempotency_key="k").json()
    record = Record.objects.get()
    assert made["reference"] not in record.answer
    assert record.digest != "k"
    assert record.subject_id == uuid.UUID(made["id"])


def forget_answer(subject_id: str) -> None:
    """As if the process had died between the commit and its answer."""
    from audit.command import command
    from audit.work import Work

    @command("test.answer.forgotten")
    def forget(work: Work, *, subject_id: uuid.UUID) -> None:
        record = work.load_one(Record.objects.filter(subject_id=subject_id))
        work.change(record, answered_at=None, status_code=None, answer="")

    with acting_as(system("test")):
        forget(subject_id=uuid.UUID(subject_id))


def test_payment_made_without_confirm_waits_and_is_sent_when_it_is_confirmed(
    shop: Shop,
) -> None:
    made = shop.pay(confirm=False, card=None)
    told = made.json()
    assert (made.status_code, told["status"], told["card"]) == (201, "requires_confirmation", None)
    assert told["confirm_until"] > told["created_at"]
    address = f"/payments/{told['id']}"
    actions = shop.call("GET", address).json()["actions"]
    assert {name: one["allowed"] for name, one in actions.items()} == {
        "confirm": True,
        "capture": False,
        "increment": False,
        "void": True,
        "refund": False,
    }
    refused = shop.call("POST", f"{address}/confirm", {})
    assert (refused.status_code, problem_of(refused)) == (400, "card_required")
    body = {"card": str(shop.card.pk)}
    sent = shop.call("POST", f"{address}/confirm", body, idempotency_key="k")
    assert (sent.status_code, sent.json()["status"]) == (202, "processing")
    assert shop.call("POST", f"{address}/confirm", body, idempotency_key="k").json() == sent.json()
    again = shop.call("POST", f"{address}/confirm", body)
    assert (again.status_code, problem_of(again)) == (409, "attempt_not_over")


def test_payment_that_waits_is_given_up_by_a_void(shop: Shop) -> None:
    made = shop.pay(confirm=False).json()
    assert made["card"] == str(shop.card.pk)
    over = shop.call("POST", f"/payments/{made['id']}/void", {})
    assert (over.status_code, over.json()["status"]) == (201, "canceled")
    refused = shop.call("POST", f"/payments/{made['id']}/confirm", {})
    assert refused.status_code == 409
    listed = shop.call("GET", "/payments?status=canceled").json()["data"]
    assert [one["id"] for one in listed] == [made["id"]]


def test_payment_to_be_sent_at_once_needs_a_card(shop: Shop) -> None:
    refused = shop.pay(card=None)
    assert (refused.status_code, problem_of(refused)) == (400, "card_required")
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    ("act", "body"), [("capture", {"amount": 1}), ("increment", {"amount": 1}), ("refund", None)]
)
def test_nothing_can_be_taken_of_a_payment_that_was_not_confirmed(
    shop: Shop, act: str, body: Any
) -> None:
    made = shop.pay(confirm=False).json()
    if act == "refund":
        refused = shop.call("POST", "/refunds", {"payment": made["id"], "amount": 1})
    else:
        refused = shop.call("POST", f"/payments/{made['id']}/{act}", body)
    assert (refused.status_code, problem_of(refused)) == (409, "payment_untried")


@pytest.mark.parametrize("path", ["/payments", "/events"])
@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2303-07-01T10:29:00.995-22:58", 200),
        ("2303-07-01T10:29:00.995%2B23:59", 200),
        ("0001-01-01T00:00:00%2B14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
    ],
)
def test_moment_has_any_legal_offset_and_lies_in_a_year_that_there_is(
    shop: Shop, path: str, moment: str, status: int
) -> None:
    assert shop.call("GET", f"{path}?created_until={moment}").status_code == status
