"""Payments."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from audit.actor import acting_as, operator
from audit.jobs.models import Job
from payments.commands.late import record_late_authorization
from payments.commands.payments import record_authorization_failed
from payments.gateways.commands import receive_event, settle_event
from payments.models import Attempt, LateAuthorization, Payment, Refund
from tests.browser.conftest import work
from tests.browser.places.base import Place, Visit
from tests.browser.scenes import ask_for_work
from tests.payments import builders
from tests.payments.builders import eur


def _payment(order_reference: str) -> Callable[[Visit], None]:
    return lambda visit: visit.open(
        "payments:detail", payment_id=Payment.objects.get(order_reference=order_reference).pk
    )


def _refunded(visit: Visit) -> None:
    """Money that is back, with the number by which a bank finds it."""
    with acting_as(operator("test")):
        refund = builders.requested_refund(Payment.objects.get(order_reference="YOUNG"), eur(100))
        builders.answer_refund(refund, arn="74537604221222132710572")
    assert Refund.objects.get(pk=refund.pk).status == "succeeded"
    _payment("YOUNG")(visit)


def _turned_up_late(visit: Visit) -> None:
    """Money that a provider took after the attempt had failed, and that waits for a person."""
    with acting_as(operator("test")):
        payment = builders.new_payment(eur(9_900), order_reference="LATE")
        attempt = Attempt.objects.get(payment=payment)
        record_authorization_failed(attempt_id=attempt.pk, code="never_arrived", key="failed")
        answer = builders.authorization_answer(attempt, capturable=eur(0), taken=eur(9_900))
        record_late_authorization(attempt_id=attempt.pk, answer=answer, key="late")
    _payment("LATE")(visit)


def _late_decision(visit: Visit) -> None:
    _turned_up_late(visit)
    late = LateAuthorization.objects.get()
    with visit.page.expect_navigation():
        visit.page.locator(f"main a[href$='?row={late.pk}']").click()


def _late_unsettled(visit: Visit) -> None:
    _turned_up_late(visit)
    visit.open("payments:unsettled")


def _too_much(visit: Visit) -> None:
    visit.open("payments:refund_new")
    visit.page.locator("[name=amount]").fill("99999")
    visit.send("main form:has([name=amount])")


def _note(visit: Visit) -> None:
    visit.open("payments:detail")
    visit.page.locator(".note-form [name=text]").fill("She called: the parcel came back.")
    visit.send(".note-form")
    with visit.page.expect_navigation():
        visit.page.locator(".note-acts a").first.click()


def view(visit: Visit) -> None:
    visit.page.goto(reverse("payments:view_new") + "?state=captured")
    visit.page.locator("main [name=name]").fill("Captured")
    visit.send("main form:has([name=name])")
    visit.open("payments:views")


def _view_name(visit: Visit) -> None:
    view(visit)
    with visit.page.expect_navigation():
        visit.page.locator("main a[href*='/views/'][href*='/name/']").first.click()


def _filtered(visit: Visit) -> None:
    visit.page.goto("/payments/?status=captured&merchant=&reference=P-NOWHERE")


def _job(visit: Visit) -> None:
    """Several refunds, one of which could not be."""
    ask_for_work(visit.person)
    work()
    visit.open("jobs:detail", job_id=Job.objects.get(asked_by=visit.person).pk)


def _jobs(visit: Visit) -> None:
    _job(visit)
    visit.open("jobs:list")


def _aside(visit: Visit) -> None:
    """Events that nobody knows the meaning of, and one that somebody said."""
    with acting_as(operator("test")):
        for number in range(3):
            pk = receive_event(
                connector="sandbox",
                event_id=f"evt_aside_{number}",
                type="authorization.vanished",
                object_kind="authorization",
                object_reference="auth_2",
                authorization_reference="auth_2",
                body="{}",
                occurred_at=visit.house.payment.created_at,
            )
            settle_event(event_id=pk, status="quarantined", note="unknown type")
    visit.open("gateways:events")


PLACES = (
    Place("payment-held", "payments:detail", "support_lead", _payment("HELD-1")),
    Place("payment-unknown", "payments:detail", "support_lead", _payment("LOST")),
    Place("payment-declined", "payments:detail", "support_lead", _payment("DECLINED")),
    Place("payment-refunded", "payments:detail", "support_lead", _refunded),
    Place("payment-late", "payments:detail", "support_lead", _turned_up_late),
    Place("late-decision", "payments:correction_new", "support_lead", _late_decision),
    Place("late-unsettled", "payments:unsettled", "support_agent", _late_unsettled),
    Place("refund-too-much", "payments:refund_new", "support_lead", _too_much),
    Place("note-correction", "notes:correction", "support_lead", _note),
    Place("views", "payments:views", "support_lead", view),
    Place("view-name", "payments:view_name", "support_lead", _view_name),
    Place("list-nothing-fits", "payments:list", "support_lead", _filtered),
    Place("job-done", "jobs:detail", "support_lead", _job),
    Place("jobs", "jobs:list", "support_lead", _jobs),
    Place("events-aside", "gateways:events", "finance_controller", _aside),
)
