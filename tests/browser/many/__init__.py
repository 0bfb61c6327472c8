"""Ten thousand rows of what pages show, put into the test's database past the kernel."""

from __future__ import annotations

from audit import guard
from audit.actor import acting_as, operator
from audit.models import LogEntry
from config.access.models import User
from tests.browser.many import customers, money, people, settings, shops
from tests.browser.many.rows import MANY, Maker, pour
from tests.pages.conftest import House


def fill(house: House, asker: User, viewer: User, many: int = MANY) -> None:
    """So many of everything that the house holds one of. Requests are of `asker`; what a person
    has of his own (looks, jobs, saved views) is the viewer's."""
    payment = house.payment
    with acting_as(operator("test")):
        customers.make_twins(payment)
    with guard.suspended():
        pour(settings.roles(), settings.ROLES)
        for make in [
            shops.merchants(house),
            money.payments(payment),
            money.holds(),
            money.refunds(),
            money.requests(asker),
            *people.looks(payment, viewer),
            people.changes(_change_of(house)),
            people.changes_of(house.colleague, viewer),
            people.people(),
            people.jobs(viewer),
            people.messages(),
            people.views(house.view, viewer),
            *_of_customer(house),
            *_settings(house),
            *shops.told_by_providers(house),
            *shops.told_to_shops(house),
        ]:
            pour(make, many)
        settings.give_a_role(User.objects.get(email="person1@many.test"))


def _change_of(house: House) -> LogEntry:
    """What the story of the payment tells again and again."""
    about = LogEntry.objects.filter(object_pk=str(house.payment.pk))
    found: LogEntry = about.filter(event="payments.refund.requested")[0]
    return found


def _of_customer(house: House) -> list[Maker]:
    return [
        customers.cards(house.payment),
        customers.notes(house.note, "payment", house.payment.pk),
        customers.notes(house.note, "customer", house.payment.customer_id),
    ]


def _settings(house: House) -> list[Maker]:
    return [*settings.limits(), settings.tags(house.tag), settings.reasons(house.reason)]
