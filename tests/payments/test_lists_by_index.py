"""Each list of one mode is read by an index, as if there were a million payments of the other."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock, keyset, needs
from audit.actor import Actor, ActorKind
from payments.queries.days import add_up, list_kept, span_of, today_of
from payments.queries.expiring import WINDOWS, list_expiring, sum_expiring
from payments.queries.search import Wanted, list_wanted
from payments.queries.unsettled import list_unsettled
from tests.payments.test_search import plan_of, seem_big

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
WHOLE = re.compile(
    r"(?:SCAN|Seq Scan on) (payments_(?:payment|attempt|capture|refund|daytotals))\b(?! USING)"
)
ANYBODY = Actor(
    ActorKind.SYSTEM,
    "anybody",
    permissions=frozenset(
        f"payments.{one}_payment" for one in ("view", "capture", "refund", "inquire")
    ),
)


def paged(**wanted: Any) -> Callable[[bool], Any]:
    def read(is_live: bool) -> Any:
        rows = list_wanted(Wanted(is_live=is_live, **wanted))
        return keyset.take(rows, keyset.Place(), by="created_at", descending=True)

    return read


def expiring(is_live: bool) -> Any:
    rows = list_expiring(clock.now(), WINDOWS[-1], is_live=is_live)
    return keyset.take(rows, keyset.Place(), by="expires_at", descending=False)


def figures(is_live: bool) -> Any:
    today = today_of(clock.now())
    list_kept(today - timedelta(days=30), today, is_live=is_live)
    return add_up([span_of(today)], is_live=is_live)


LISTS: dict[str, tuple[Callable[[bool], Any], Iterable[str]]] = {
    "all": (paged(), ["payments_mode_time"]),
    "of a merchant": (paged(merchant_id=uuid.uuid4()), ["payments_merchant_mode"]),
    "of a state": (paged(statuses=["captured"]), ["payments_status_time", "payments_mode_time"]),
    "in a currency": (paged(currency="EUR"), ["payments_currency_time", "payments_mode_time"]),
    "of a day": (
        paged(created_from=clock.now() - timedelta(days=1), created_until=clock.now()),
        ["payments_mode_time"],
    ),
    "expiring": (expiring, []),
    "sums of what expires": (lambda live: sum_expiring(clock.now(), is_live=live), []),
    "unsettled": (lambda live: list_unsettled(ANYBODY, keyset.Place(), is_live=live), []),
    "needs": (lambda live: needs.collect(ANYBODY, clock.now(), is_live=live), []),
    "figures": (figures, ["payments_mode_time", "payments_days"]),
}

IN_ORDER = ("all", "of a merchant", "of a day", "in a currency")
"""Lists whose index gives the rows in their order: a page of them reads no more than its rows."""


@pytest.mark.parametrize("is_live", [False, True], ids=["test", "live"])
@pytest.mark.parametrize("name", LISTS)
def test_list_of_one_mode_is_read_by_an_index(name: str, is_live: bool) -> None:
    read, indexes = LISTS[name]
    seem_big()
    with CaptureQueriesContext(connection) as captured:
        read(is_live)
    plans = "\n".join(plan_of(one["sql"]) for one in captured if "SELECT" in one["sql"])
    assert WHOLE.findall(plans) == [], plans
    if name in IN_ORDER:
        assert not re.search(r"TEMP B-TREE|\bSort\b", plans), plans
    wanted = list(indexes)
    assert not wanted or any(index in plans for index in wanted), plans
