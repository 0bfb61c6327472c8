"""Pages with rows: how each comes to have none, one and ten thousand, or why it never has.

Which rows of a template are seen on which of them says `loops.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from audit.actor import acting_as, operator
from config.access.commands import create_person
from config.access.models import User
from payments.models import Payment
from payments.parties.models import Customer
from payments.queries.bulk import MOST
from payments.webhooks.commands.endpoints import create_endpoint
from tests.browser import scenes
from tests.browser.places import Visit
from tests.browser.places.base import EMAIL
from tests.browser.places.customers import alike
from tests.browser.places.finding import search
from tests.browser.places.payments import view
from tests.payments import builders

Scene = Callable[[Visit], None]


@dataclass(frozen=True, slots=True)
class Never:
    """A page is never so, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The states of a page. A scene makes what must be there and opens the page; without one it is
    opened as it is: in a house with nothing in it, with one of most things, with ten thousand."""

    empty: Scene | Never | None = None
    one: Scene | Never | None = None
    many: Scene | Never | None = None

    def scene(self, state: str) -> Scene | Never | None:
        found: Scene | Never | None = getattr(self, state)
        return found


STATES = ("empty", "one", "many")


def at(name: str, query: str = "", **objects: object) -> Scene:
    """A page at this address."""
    return lambda visit: _go(visit, reverse(name, kwargs=objects) + query)


def _go(visit: Visit, url: str) -> None:
    visit.page.goto(url)


def _as_it_is(name: str) -> Scene:
    """A page of the house, which happens to have none."""
    return lambda visit: visit.open(name)


# Customers and payments --------------------------------------------------------------------------


def _newcomer(visit: Visit) -> Customer:
    """A customer of whom nothing is known but his name."""
    with acting_as(operator("test")):
        return builders.make_customer(visit.house.payment.merchant, email="", phone="")


def _of_newcomer(name: str, **objects: object) -> Scene:
    def scene(visit: Visit) -> None:
        visit.open(name, customer_id=_newcomer(visit).pk, **objects)

    return scene


def _fresh_payment(visit: Visit) -> Payment:
    """A payment of which there is nothing to tell but that it was asked for."""
    with acting_as(operator("test")):
        return builders.new_payment(order_reference="FRESH")


def _fresh(visit: Visit) -> None:
    visit.open("payments:detail", payment_id=_fresh_payment(visit).pk)


def _fresh_board(visit: Visit) -> None:
    visit.open("notes:board", kind="payment", subject_id=_fresh_payment(visit).pk)


def _chosen(many: int) -> Scene:
    def scene(visit: Visit) -> None:
        chosen = Payment.objects.order_by("-created_at", "pk").values_list("pk", flat=True)[:many]
        query = urlencode([("p", str(pk)) for pk in chosen])
        _go(visit, reverse("payments:bulk_refunds") + f"?{query}")

    return scene


# People and settings -----------------------------------------------------------------------------


def _worker(visit: Visit) -> None:
    scenes.ask_for_work(visit.person)
    visit.open("jobs:list")


def _person_with(*roles: str) -> Scene:
    def scene(visit: Visit) -> None:
        with acting_as(operator("test")):
            person = create_person(email="someone@house.test", name="Ines Roy", roles=roles)
        visit.open("access:person", person_id=person.pk)

    return scene


def _person_of_a_shift(visit: Visit) -> None:
    visit.open("access:person", person_id=User.objects.get(groups__name="shift_01").pk)


def _people(term: str) -> Scene:
    def scene(visit: Visit) -> None:
        visit.open("log:explorer")
        visit.page.locator("[name=q]").last.fill(term)
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")

    return scene


def _hold(visit: Visit) -> None:
    with acting_as(operator("test")):
        scenes.hold(1)
    visit.open("payments:expiring")


def _lose(visit: Visit) -> None:
    with acting_as(operator("test")):
        scenes.lose()
    visit.open("payments:unsettled")


def _quiet_endpoint(visit: Visit) -> None:
    with acting_as(operator("test")):
        made = create_endpoint(
            merchant_id=visit.house.payment.merchant_id,
            url="https://quiet.example/hooks",
            types=[],
            key="a quiet endpoint",
        )
    visit.open("webhooks:endpoint", endpoint_id=made.pk)


def _looked_at(visit: Visit) -> None:
    visit.open("parties:customer")
    visit.open("parties:looks")


HAND_MADE = Never("made by hand, one for each: there are a few")
FROM_THE_FIRST_DAY = Never("the first is there with the database")

LISTS: dict[str, Rows] = {
    "desk:home": Rows(),
    "payments:list": Rows(),
    "payments:expiring": Rows(one=_hold),
    "payments:unsettled": Rows(one=_lose),
    "payments:views": Rows(one=view),
    "payments:detail": Rows(empty=_fresh),
    "payments:bulk_refunds": Rows(
        empty=at("payments:bulk_refunds"), one=_chosen(1), many=_chosen(MOST + 1)
    ),
    "notes:board": Rows(empty=_fresh_board),
    "approvals:inbox": Rows(),
    "approvals:detail": Rows(
        empty=Never("a request is about something"),
    ),
    "parties:customer": Rows(empty=_of_newcomer("parties:customer")),
    "parties:panel": Rows(empty=_of_newcomer("parties:panel", part="cards")),
    "parties:looks": Rows(empty=_of_newcomer("parties:looks"), one=_looked_at),
    "parties:merge_new": Rows(empty=_of_newcomer("parties:merge_new"), one=alike),
    "search-found": Rows(
        empty=Never("that is the place search-nothing"),
        one=Never("the only hit is opened at once"),
        many=search(EMAIL),
    ),
    "log:explorer": Rows(empty=at("log:explorer", "?outcome=unknown")),
    "log:people": Rows(
        empty=_as_it_is("log:people"),
        one=Never("the one who is meant is taken at once"),
        many=_people("Person"),
    ),
    "desk:trail": Rows(
        empty=Never("a number under which nothing is on record is no page"),
        many=at("desk:trail", request_id="many"),
    ),
    "jobs:list": Rows(one=_worker),
    "job-done": Rows(
        empty=Never("no job is about nothing"),
        one=Never("its picture shows four payments"),
        many=Never("a job acts on a hundred payments at most (payments.queries.bulk.MOST)"),
    ),
    "outbox:list": Rows(many=at("outbox:list", "?status=dead")),
    "keys:list": Rows(),
    "connectors:list": Rows(empty=FROM_THE_FIRST_DAY),
    "connectors:routing": Rows(),
    "gateways:events": Rows(),
    "webhooks:endpoints": Rows(),
    "webhooks:endpoint": Rows(empty=_quiet_endpoint),
    "webhooks:deliveries": Rows(),
    "webhooks:delivery": Rows(
        empty=_as_it_is("webhooks:delivery"),
        one=Never("tries want a shop that answers: tests/browser/test_webhooks.py"),
        many=Never("as many tries as the schedule has (payments.webhooks.policy.SCHEDULE)"),
    ),
    "webhooks:events": Rows(),
    "access:matrix": Rows(empty=FROM_THE_FIRST_DAY, one=FROM_THE_FIRST_DAY),
    "access:person": Rows(
        empty=_person_with(), one=_person_with("support_lead"), many=_person_of_a_shift
    ),
    "usersessions_list": Rows(
        empty=Never("whoever looks is signed in"),
        many=Never("sessions end by themselves (SESSION_LONGEST_S)"),
    ),
    "mfa_list_webauthn": Rows(one=Never("that is the place factor-passkeys"), many=HAND_MADE),
    "admin:access_user_changelist": Rows(empty=at("admin:access_user_changelist", "?q=nobody")),
    "admin:access_user_history": Rows(empty=FROM_THE_FIRST_DAY),
    "admin:auth_group_changelist": Rows(
        empty=at("admin:auth_group_changelist", "?q=nobody"), one=FROM_THE_FIRST_DAY
    ),
    "admin:payments_refundreason_changelist": Rows(
        empty=at("admin:payments_refundreason_changelist", "?q=nothing")
    ),
    "admin:payments_networkterms_changelist": Rows(
        empty=at("admin:payments_networkterms_changelist", "?q=nothing"),
        one=FROM_THE_FIRST_DAY,
        many=Never("one row for each network of cards: a dozen"),
    ),
    "admin:approvals_approvallimit_changelist": Rows(
        empty=at("admin:approvals_approvallimit_changelist", "?q=ZZZ")
    ),
    "admin:parties_merchant_changelist": Rows(),
    "admin:notes_tag_changelist": Rows(),
}
