"""Customers."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from audit.actor import acting_as, operator
from audit.approvals.models import Approval
from config.access.models import User
from config.access.snapshot import person as actor_of
from payments.models import Payment
from payments.parties import commands as parties
from payments.parties.models import Customer, Merge
from tests.browser.places.base import Place, Visit
from tests.pages.conftest import House
from tests.payments import builders
from tests.payments.builders import eur, new_key


def _reveal(visit: Visit) -> None:
    visit.open("parties:customer")
    visit.page.locator(".reveal > summary").first.click()
    visit.page.locator(".reveal [name$=reason]").first.select_option(index=1)
    visit.send(".reveal[open]")


def _customer(payment: Payment) -> Customer:
    assert payment.customer is not None
    return payment.customer


def _twin(house: House) -> Payment:
    """A payment of the same person under another number."""
    with acting_as(operator("test")):
        merchant = house.payment.merchant
        customer = builders.make_customer(merchant, name="O. Fontane")
        return builders.captured_payment(eur(5_000), merchant=merchant, customer=customer)


def _merge(visit: Visit) -> None:
    twin = _twin(visit.house)
    into = quote(_customer(visit.house.payment).reference)
    visit.page.goto(f"/customers/{twin.customer_id}/merges/new/?into={into}")


def alike(visit: Visit) -> None:
    _twin(visit.house)
    visit.open("parties:merge_new")


def _asked_merge(house: House) -> Merge:
    twin = _twin(house)
    with acting_as(actor_of(house.colleague)):
        return parties.request_merge(
            duplicate_id=_customer(twin).pk,
            survivor_id=_customer(house.payment).pk,
            reason="She says that both are hers.",
            key=new_key(),
        )


def _merged(house: House) -> Merge:
    merge = _asked_merge(house)
    with acting_as(actor_of(User.objects.get(groups__name="support_lead"))):
        return parties.approve_merge(subject_id=merge.pk, key=new_key())


def _split(visit: Visit) -> None:
    visit.open("parties:split_new", merge_id=_merged(visit.house).pk)


def _split_asked(visit: Visit) -> None:
    merge = _merged(visit.house)
    with acting_as(actor_of(visit.house.colleague)):
        split = parties.request_split(
            merge_id=merge.pk, reason="They are mother and daughter.", key=new_key()
        )
    _decide(visit, split.pk)


def _merge_asked(visit: Visit) -> None:
    _decide(visit, _asked_merge(visit.house).pk)


def _decide(visit: Visit, subject_id: uuid.UUID) -> None:
    visit.open("approvals:detail", approval_id=Approval.objects.get(subject_id=subject_id).pk)


def _decided(visit: Visit) -> None:
    visit.open("approvals:detail")
    visit.send("main form[action$='/decision/new/']")


PLACES = (
    Place("customer-revealed", "parties:reveal", "support_lead", _reveal),
    Place("customer-alike", "parties:merge_new", "support_lead", alike),
    Place("customer-merge", "parties:merge_new", "support_lead", _merge),
    Place("customer-split", "parties:split_new", "support_lead", _split),
    Place("approval-merge", "approvals:detail", "support_lead", _merge_asked),
    Place("approval-split", "approvals:detail", "support_lead", _split_asked),
    Place("approval-decided", "approvals:decision", "support_lead", _decided),
)
