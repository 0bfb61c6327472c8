"""What stands behind the pages that a captured payment alone would leave half empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from audit import clock
from audit.actor import acting_as, operator
from config.access.models import User
from config.access.snapshot import person as actor_of
from payments.commands.bulk import act_on_many
from payments.commands.captures import capture_payment, record_capture_result
from payments.commands.refunds import record_refund_lost
from payments.models import Capture, Payment
from payments.queries.bulk import Act
from tests.pages.conftest import House
from tests.pages.test_matrix import url_of
from tests.payments import builders
from tests.payments.builders import eur, new_key

Address = Callable[[House], str]


def furnish() -> None:
    """Payments in every state that a page speaks of; each has its order reference for a name."""
    with acting_as(operator("test")):
        for number in (1, 2, 3):
            hold(number)
        _unsettled()
        lose()
        declined = builders.new_payment(eur(4_200), order_reference="DECLINED")
        builders.answer_attempt(declined, "declined", decline_code="insufficient_funds")


def hold(number: int) -> None:
    """An authorization that ends soon."""
    expires_at = clock.now() + timedelta(hours=5 * number)
    held = builders.new_payment(eur(7_500 * number), order_reference=f"HELD-{number}")
    builders.answer_attempt(held, expires_at=expires_at)


def ask_for_work(person: User) -> None:
    """Long work of somebody's."""
    rows = [(str(one.pk), 100, "EUR") for one in Payment.objects.order_by("created_at")[:4]]
    with acting_as(actor_of(person)):
        act_on_many(act=Act.REFUND, rows=rows, reason="requested_by_customer", key=new_key())


def _unsettled() -> None:
    """A capture that can still be taken back."""
    payment = builders.authorized_payment(eur(6_000), order_reference="YOUNG")
    capture = capture_payment(payment_id=payment.pk, amount=eur(6_000), key=builders.new_key())
    answer = builders.operation_answer(capture, settles_at=clock.now() + timedelta(days=1))
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))


def lose() -> None:
    """A refund that nobody knows the end of."""
    payment = builders.captured_payment(eur(8_800), order_reference="LOST")
    refund = builders.requested_refund(payment, eur(8_800))
    record_refund_lost(refund_id=refund.pk)


def _named(order_reference: str) -> Payment:
    return Payment.objects.get(order_reference=order_reference)


def _of(name: str, order_reference: str) -> Address:
    return lambda house: url_of(name, replace(house, payment=_named(order_reference)))


def _take_back(house: House) -> str:
    payment = _named("YOUNG")
    capture = Capture.objects.get(payment=payment)
    return url_of("payments:capture_void_new", replace(house, payment=payment, capture=capture))


def _chosen(name: str, *order_references: str) -> Address:
    def address(house: House) -> str:
        chosen = [("p", str(_named(one).pk)) for one in order_references]
        return f"{url_of(name, house)}?{urlencode(chosen)}"

    return address


ADDRESSES: dict[str, Address] = {
    "payments:capture_new": _of("payments:capture_new", "HELD-1"),
    "payments:increment_new": _of("payments:increment_new", "HELD-1"),
    "payments:void_new": _of("payments:void_new", "HELD-2"),
    "payments:correction_new": _of("payments:correction_new", "LOST"),
    "payments:capture_void_new": _take_back,
    "payments:bulk_captures": _chosen("payments:bulk_captures", "HELD-1", "HELD-2", "LOST"),
    "payments:bulk_voids": _chosen("payments:bulk_voids", "HELD-1", "HELD-3", "LOST"),
    "payments:bulk_refunds": _chosen("payments:bulk_refunds", "YOUNG", "HELD-1"),
    "payments:bulk_tags": _chosen("payments:bulk_tags", "YOUNG", "DECLINED"),
}
"""Pages that have more to show of one of these."""
