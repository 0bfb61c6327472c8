"""Several SELECTs as one: each list is what its queryset would have given alone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.db.models import CharField, F, QuerySet, Sum, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import LogEntry
from audit.together import together
from tests.audit.test_work import make, new_toy
from tests.audit.toys.models import Box, Purse, Toy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def toys_in_boxes() -> list[Toy]:
    boxes = [Box(label=label) for label in ("red", "blue")]
    toys = [
        new_toy(f"toy {number}", count=number % 3, facts={"n": number}, box=box)
        for number, box in enumerate((*boxes, None, *boxes))
    ]
    make(toys=[*boxes, *toys, Purse(balance_minor=7)])
    return toys


def told(row: Any) -> Any:
    """A row with all that came along."""
    if isinstance(row, dict):
        return row
    came = {name: value for name, value in vars(row).items() if name != "_state"}
    cached = {name: obj and told(obj) for name, obj in row._state.fields_cache.items()}
    return type(row), came, cached


def alone_and_together(*querysets: QuerySet[Any, Any]) -> tuple[list[Any], list[Any]]:
    alone = [[told(row) for row in rows.all()] for rows in querysets]
    return alone, [[told(row) for row in rows] for rows in together(*querysets)]


def test_rows_of_several_models_come_as_they_would_alone_in_one_statement() -> None:
    toys_in_boxes()
    querysets: list[QuerySet[Any, Any]] = [
        Toy.objects.select_related("box").order_by("-count", "name"),
        Box.objects.order_by("label"),
        LogEntry.objects.filter(actor=None).order_by("timestamp", "pk")[:8],
        Purse.objects.order_by("pk"),
        Toy.objects.order_by("-name")[1:3],
        Toy.objects.only("name").order_by("name"),
        Toy.objects.annotate(
            both=Concat("name", Value("/"), "key", output_field=CharField()), again=F("count")
        ).order_by("name"),
        Toy.objects.order_by("count").values("count").annotate(sum=Sum("count")),
        Toy.objects.order_by("box__label", "name").filter(box__isnull=False).select_related("box"),
    ]
    alone, at_once = alone_and_together(*querysets)
    assert at_once == alone
    assert [len(rows) for rows in at_once] == [5, 2, 8, 1, 2, 5, 5, 3, 4]
    with CaptureQueriesContext(connection) as queries:
        together(*querysets)
    assert len(queries) == 1


def test_what_is_known_to_be_empty_is_not_asked_for() -> None:
    toys_in_boxes()
    nothing = Toy.objects.filter(pk__in=[])
    with CaptureQueriesContext(connection) as queries:
        assert together(nothing, Box.objects.none()) == [[], []]
    assert len(queries) == 0
    empty, boxes, missing = together(
        nothing, Box.objects.order_by("label"), Toy.objects.filter(pk=uuid.uuid4())
    )
    assert (empty, [box.label for box in boxes], missing) == ([], ["blue", "red"], [])


def test_objects_belong_to_their_database_and_are_no_new_rows() -> None:
    toys_in_boxes()
    (toys,) = together(Toy.objects.select_related("box").order_by("name"))
    assert {(toy._state.adding, toy._state.db) for toy in toys} == {(False, "default")}
    with CaptureQueriesContext(connection) as queries:
        assert [toy.box and toy.box.label for toy in toys] == ["red", "blue", None, "red", "blue"]
    assert len(queries) == 0


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    counts=st.lists(st.integers(0, 3), max_size=6),
    order=st.permutations(["count", "-name", "pk"]),
    most=st.integers(1, 4),
)
def test_order_and_slices_are_those_of_the_queryset(
    counts: list[int], order: list[str], most: int
) -> None:
    mark = uuid.uuid4().hex[:8]
    make(toys=[new_toy(mark, count=count) for count in counts])
    mine = Toy.objects.filter(name=mark).order_by(*order)
    alone, at_once = alone_and_together(mine, mine[:most])
    assert at_once == alone
