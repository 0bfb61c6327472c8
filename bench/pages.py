"""The same pages over 10,000 and over 1,000,000 payments, in one process, in turn."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import django

from bench.rows import Row

ROUNDS = 21
SMALL, LARGE = "bench_10k", "bench_1m"
MOST_SLOWER = "≤ 1.2"
Look = Callable[[], Any]


@dataclass
class Place:
    """One of the two databases: its connection, a browser, and what is looked at in it."""

    database: Any
    looks: dict[str, Look]

    def use(self) -> None:
        from django.db import connections

        connections["default"] = self.database


def main() -> None:
    django.setup()
    from django.db import connection

    places = [_open(connection.copy(), name) for name in (SMALL, LARGE)]
    for row in [*_compared(places), *_main_pages(places[1])]:
        sys.stdout.write(f"{row.name}\t{row.value}\t{row.unit}\t{row.target}\n")


def rows_of(told: str) -> Iterator[Row]:
    """What `main` told, for the process that asked."""
    for line in told.splitlines():
        name, value, unit, target = line.split("\t")
        yield Row(name, float(value), unit, target)


def _open(database: Any, name: str) -> Place:
    database.settings_dict = {**database.settings_dict, "NAME": name}
    place = Place(database, {})
    place.use()
    place.looks = {**_pages(), **_searches()}
    return place


def _compared(places: list[Place]) -> Iterator[Row]:
    small, large = places
    slower = {name: _slower(small, large, name) for name in small.looks}
    for name in ("list_first", "list_deep", "home", "timeline"):
        yield Row(f"{name}_1m", slower[name], "of the time at 10,000", MOST_SLOWER)
    yield Row("timeline_1m.customer", slower["customer"], "of the time at 10,000", MOST_SLOWER)
    found = {name: value for name, value in slower.items() if name.startswith("search ")}
    yield Row("search_1m", max(found.values()), "of the time at 10,000", "≤ 3.0")
    for name, value in found.items():
        kind = name.removeprefix("search ")
        yield Row(f"search_1m.{kind}", value, "of the time at 10,000", "≤ 3.0")


def _slower(small: Place, large: Place, name: str) -> float:
    """The median of the rounds' ratios; each round looks at both, in rotated order."""
    for place in (small, large):
        _timed(place, name)
    ratios = []
    for number in range(int(os.environ.get("BENCH_ROUNDS", ROUNDS))):
        order = (small, large) if number % 2 else (large, small)
        took = {id(place): _timed(place, name) for place in order}
        ratios.append(took[id(large)] / took[id(small)])
    return statistics.median(ratios)


def _timed(place: Place, name: str) -> float:
    place.use()
    start = time.perf_counter()
    place.looks[name]()
    return time.perf_counter() - start


def _main_pages(place: Place) -> Iterator[Row]:
    """Ten pages at 1,000,000 payments: the median of their time, and their queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    most = 0
    for name, look in place.looks.items():
        if name.startswith("search "):
            continue
        took = statistics.median(_timed(place, name) for _ in range(7))
        with CaptureQueriesContext(connection) as queries:
            look()
        most = max(most, len(queries))
        yield Row(f"pages.{name}", took * 1000, f"ms, {len(queries)} queries")
    yield Row("pages", most, "queries at most", "≤ 12")


# What is looked at


def _pages() -> dict[str, Look]:
    from audit.actor import acting_as, operator
    from audit.keyset import Cursor
    from payments.models import Payment
    from tests.payments.pages import agent_browser

    browser = agent_browser("Agathe Morel", "support_lead")
    with acting_as(operator("bench")):
        reader = agent_browser("Ada Lund", "auditor")
    ours = Payment.objects.filter(order_reference="ORDER-2").select_related("customer").get()
    middle = Payment.objects.order_by("created_at")[Payment.objects.count() // 2]
    deep = Cursor(middle.created_at, middle.pk)
    addresses = {
        "home": "/",
        "list_first": "/payments/",
        "list_deep": f"/payments/?after={deep}&mode=test",
        "timeline": f"/payments/{ours.pk}/",
        "customer": f"/customers/{ours.customer_id}/",
        "refund": f"/payments/{ours.pk}/refunds/new/",
        "approvals": "/approvals/",
        "approval": f"/approvals/{_asked_for().pk}/",
        "search": "/search/",
        "jobs": "/jobs/",
    }
    looks = {name: _look(browser, address) for name, address in addresses.items()}
    return {**looks, "log": _look(reader, "/log/")}


def _asked_for() -> Any:
    """A refund that waits for a second person, asked for by one without a limit."""
    from audit.actor import acting_as, operator
    from audit.approvals.models import Approval
    from payments.models import Payment
    from tests.audit.people import as_actor, hire
    from tests.payments import builders

    with acting_as(operator("bench")):
        asker = hire("Max Orr", "support_agent")
        builders.make_reason()
    payment = Payment.objects.get(order_reference="ORDER-5")
    with acting_as(as_actor(asker)):
        refund = builders.requested_refund(payment, builders.eur(100))
    return Approval.objects.get(subject_id=refund.pk)


def _look(browser: Any, address: str) -> Look:
    def look() -> None:
        answer = browser.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")

    return look


def _searches() -> dict[str, Look]:
    from audit.search import MOST, kinds

    terms = _terms()
    if missing := set(kinds) - set(terms):
        raise RuntimeError(f"no term for {', '.join(sorted(missing))}")

    def searching(code: str) -> Look:
        kind = kinds[code]
        key = kind.read(terms[code])
        if key is None:
            raise RuntimeError(f"{code}: {terms[code]!r} is not read")
        return lambda: list(kind.find(key, MOST + 1, False))

    return {f"search {code}": searching(code) for code in kinds}


def _terms() -> dict[str, str]:
    from payments.models import Attempt, Capture, Payment, Refund

    # A copy in the middle: what is found is in both databases.
    payment = Payment.objects.filter(order_reference__startswith="ORDER-2/").order_by("pk")[0]
    card = Attempt.objects.select_related("card").filter(payment=payment)[0].card
    amount = f"{payment.amount_minor / 100:.2f}"
    refund = Refund.objects.order_by("pk")[0]
    capture = Capture.objects.exclude(provider_reference="").order_by("pk")[0]
    known = Payment.objects.select_related("customer").get(order_reference="ORDER-3").customer
    assert known is not None
    return {
        "customer_reference": known.reference,
        "customer_email": "person3@example.test",
        "customer_phone": "+33 1 99 00 00 03",
        "customer_id": str(known.pk),
        "payment_reference": payment.reference,
        "refund_reference": refund.reference,
        "payment_id": str(payment.pk),
        "provider_reference": capture.provider_reference,
        "order_reference": payment.order_reference,
        "card_and_amount": f"{card.last_four} {amount}",
        "card_and_day": f"{card.last_four} {payment.created_at:%Y-%m-%d}",
        "card": card.last_four,
        "amount": amount,
    }


if __name__ == "__main__":
    main()
