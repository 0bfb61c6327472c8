"""A shop, and people who work there."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.db import DatabaseError, connections

from audit.approvals.models import ApprovalLimit
from config.access.commands import create_person
from payments.models import Payment
from tests.kill.house import House, wait_until
from tests.kill.traffic import Person, Told
from tests.payments.builders import (
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_payment,
)

PEOPLE = 3
PASSWORD = "quiet harbour 41 lanterns"


class Business:
    """Who and what there is to work with."""

    def __init__(self) -> None:
        self.known: list[tuple[uuid.UUID, str]] = []
        make_reason()
        self.merchant = make_merchant()
        self.customer = make_customer(self.merchant)
        self.card = make_card(self.merchant, self.customer)
        self.emails = [f"lead{number}@house.test" for number in range(PEOPLE)]
        for email in self.emails:
            create_person(email=email, password=PASSWORD, roles=["support_lead"])
        lead = Group.objects.get(name="support_lead")
        ApprovalLimit.objects.create(role=lead, currency="EUR", max_minor=100_000)

    def sell(self, count: int) -> None:
        for number in range(count):
            new_payment(
                eur(5_000),
                merchant=self.merchant,
                customer=self.customer,
                card=self.card,
                capture_method="manual" if number % 3 == 0 else "automatic",
            )

    def open_payments(self) -> list[tuple[uuid.UUID, str]]:
        """What can be refunded or captured; asked from any thread."""
        found = Payment.objects.filter(status__in=("authorized", "captured", "partially_refunded"))
        try:
            self.known = list(found.order_by("pk").values_list("pk", "status"))
        except DatabaseError:
            # Then what was known before.
            connections.close_all()
        return self.known


@contextmanager
def people_at_work(house: House, business: Business, seed: str) -> Iterator[list[Person]]:
    """Signed in, and working in threads until the block ends."""
    over = threading.Event()
    people = [Person(house.url, email, PASSWORD, f"{seed}/{email}") for email in business.emails]
    for person in people:
        wait_until(person.sign_in, "signed in")
    faults: list[BaseException] = []

    def work(person: Person) -> None:
        try:
            person.work(business.open_payments, over)
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        over.set()
        for thread in threads:
            thread.join(120)
    assert faults == []


def told_by(people: list[Person]) -> list[Told]:
    """What all of them were told."""
    return [one for person in people for one in person.told]
