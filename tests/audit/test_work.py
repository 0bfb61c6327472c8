"""`Work` alone: what goes out is what was told, and each of it is on record."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actor import Actor
from audit.command import command
from audit.errors import KernelError, Refusal
from audit.models import LogEntry
from audit.work import Work
from tests.audit.toys.models import Box, Purse, Stone, Toy

pytestmark = pytest.mark.django_db


def new_toy(name: str = "bear", **fields: Any) -> Toy:
    return Toy(key=uuid.uuid4().hex, fingerprint="", name=name, **fields)


@command("toys.toy.made")
def make(work: Work, *, toys: list[Any]) -> None:
    work.add(*toys)


@command("toys.toy.changed")
def change(work: Work, *, pk: uuid.UUID, fields: dict[str, Any]) -> Toy:
    toy = work.load_one(Toy.objects.filter(pk=pk))
    work.change(toy, **fields)
    return toy


def entries(**where: Any) -> list[LogEntry]:
    rows = LogEntry.objects.exclude(actor_kind="installer")
    return list(rows.filter(**where).order_by("timestamp", "pk"))


def test_a_new_row_leaves_one_entry_that_says_who_and_what(somebody: Actor) -> None:
    toy = new_toy(count=3, secret="hidden")
    make(toys=[toy])
    (entry,) = entries()
    assert entry.event == "toys.toy.made"
    assert entry.object_pk == str(toy.pk)
    assert entry.actor_kind == "system"
    assert entry.cid == "request-of-the-test"
    assert entry.changes["count"] == ["None", "3"]
    assert "hidden" not in str(entry.changes)
    assert entry.changes["secret"][1].startswith("masked:")
    assert entry.timestamp is not None


def test_a_change_leaves_before_and_after_of_what_differs_alone(somebody: Actor) -> None:
    toy = new_toy(count=3)
    make(toys=[toy])
    change(pk=toy.pk, fields={"count": 4, "name": "bear"})
    (entry,) = entries(event="toys.toy.changed")
    assert entry.changes == {"count": ["3", "4"]}
    assert Toy.objects.get(pk=toy.pk).count == 4


def test_a_change_to_the_same_value_writes_nothing(
    somebody: Actor, django_assert_num_queries: Any
) -> None:
    toy = new_toy(count=3)
    make(toys=[toy])
    with django_assert_num_queries(3):  # savepoint, select, release
        change(pk=toy.pk, fields={"count": 3})
    assert entries(event="toys.toy.changed") == []


def test_json_changed_in_place_is_refused(somebody: Actor) -> None:
    toy = new_toy(facts={"a": 1})
    make(toys=[toy])

    @command("toys.toy.bent")
    def bend(work: Work, *, pk: uuid.UUID) -> None:
        work.load_one(Toy.objects.filter(pk=pk)).facts["a"] = 2

    with pytest.raises(KernelError, match="facts"):
        bend(pk=toy.pk)


def test_plain_assignment_is_refused(somebody: Actor) -> None:
    toy = new_toy()
    make(toys=[toy])

    @command("toys.toy.assigned")
    def assign(work: Work, *, pk: uuid.UUID) -> None:
        work.load_one(Toy.objects.filter(pk=pk)).count = 9

    with pytest.raises(KernelError, match="count"):
        assign(pk=toy.pk)
    assert Toy.objects.get(pk=toy.pk).count == 0


def test_a_deferred_row_cannot_be_loaded(somebody: Actor) -> None:
    toy = new_toy()
    make(toys=[toy])

    @command("toys.toy.half")
    def half(work: Work, *, pk: uuid.UUID) -> None:
        work.load(Toy.objects.filter(pk=pk).only("name"))

    with pytest.raises(KernelError, match="deferred"):
        half(pk=toy.pk)


def test_an_object_from_elsewhere_cannot_be_changed(somebody: Actor) -> None:
    toy = new_toy()
    make(toys=[toy])
    stranger = Toy.objects.get(pk=toy.pk)

    @command("toys.toy.stolen")
    def steal(work: Work) -> None:
        work.change(stranger, count=1)

    with pytest.raises(KernelError):
        steal()


def test_one_row_is_one_instance_in_an_attempt(somebody: Actor) -> None:
    toy = new_toy()
    make(toys=[toy])

    @command("toys.toy.twice")
    def twice(work: Work, *, pk: uuid.UUID) -> bool:
        first = work.load_one(Toy.objects.filter(pk=pk))
        return work.load_one(Toy.objects.filter(name="bear")) is first

    assert twice(pk=toy.pk)


def test_an_expression_is_refused_because_it_has_no_value_to_record(somebody: Actor) -> None:
    from django.db.models import F

    toy = new_toy()
    make(toys=[toy])
    with pytest.raises(KernelError, match="expression"):
        change(pk=toy.pk, fields={"count": F("count") + 1})


def test_rows_go_out_parents_first_whatever_the_order_they_were_told(somebody: Actor) -> None:
    box = Box(label="chest")
    make(toys=[new_toy(box=box), box])
    assert Toy.objects.get().box_id == box.pk


def test_an_append_only_row_is_never_changed_or_removed(somebody: Actor) -> None:
    stone = Stone(carved="hello")
    make(toys=[stone])
    assert entries() == [], "it is its own record"

    @command("toys.stone.recarved")
    def recarve(work: Work, *, remove: bool) -> None:
        loaded = work.load_one(Stone.objects.filter(pk=stone.pk))
        if remove:
            work.remove(loaded)
        else:
            work.change(loaded, carved="bye")

    for remove in (True, False):
        with pytest.raises(KernelError, match="append-only"):
            recarve(remove=remove)


def test_many_changed_rows_go_out_in_one_statement(
    somebody: Actor, django_assert_max_num_queries: Any
) -> None:
    toys = [new_toy(f"toy {n}") for n in range(20)]
    make(toys=toys)

    @command("toys.all.counted")
    def count_all(work: Work) -> None:
        for number, toy in enumerate(work.load(Toy.objects.order_by("name"))):
            work.change(toy, count=number + 1)

    with django_assert_max_num_queries(5):  # savepoint, select, update, log, release
        count_all()
    assert len(entries(event="toys.all.counted")) == 20
    assert sorted(Toy.objects.values_list("count", flat=True)) == list(range(1, 21))


@command("toys.purse.used")
def use(work: Work, *, pk: uuid.UUID, down: int = 0, up: int = 0) -> None:
    purse = work.load_one(Purse.objects.filter(pk=pk))
    if down:
        work.take(purse, down, Refusal("empty", "not enough"))
    if up:
        work.give(purse, up)


def test_a_take_that_does_not_hold_is_its_refusal_and_leaves_nothing(somebody: Actor) -> None:
    purse = Purse(balance_minor=10)
    make(toys=[purse])
    with pytest.raises(Refusal) as refused:
        use(pk=purse.pk, down=11)
    assert refused.value.code == "empty"
    assert Purse.objects.get().balance_minor == 10
    use(pk=purse.pk, down=10)
    assert Purse.objects.get().balance_minor == 0


@pytest.mark.parametrize("minor", [0, -1, True, 1.5])
def test_a_balance_moves_by_a_positive_integer_only(somebody: Actor, minor: Any) -> None:
    purse = Purse(balance_minor=10)
    make(toys=[purse])

    @command("toys.purse.bad")
    def bad(work: Work) -> None:
        work.give(purse, minor)

    with pytest.raises(KernelError):
        bad()


def test_a_work_that_is_over_refuses_everything(somebody: Actor) -> None:
    kept: list[Work] = []

    @command("toys.work.kept")
    def keep(work: Work) -> None:
        kept.append(work)

    keep()
    with pytest.raises(KernelError, match="over"):
        kept[0].add(new_toy())


names = st.sampled_from(["bear", "duck", "car"])
operations = st.one_of(
    st.tuples(st.just("add"), names, st.integers(0, 9)),
    st.tuples(st.just("change"), st.integers(0, 5), st.integers(0, 9)),
    st.tuples(st.just("facts"), st.integers(0, 5), st.integers(0, 9)),
    st.tuples(st.just("remove"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("take"), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("give"), st.integers(1, 30), st.just(0)),
)


class Model:
    """What the rows and the entries must be, told in plain dictionaries."""

    def __init__(self) -> None:
        self.rows: dict[uuid.UUID, tuple[str, int, Any]] = {}
        self.purse = 50
        self.entries: list[tuple[uuid.UUID, int]] = []

    def copy(self) -> Model:
        other = Model()
        other.rows, other.purse = dict(self.rows), self.purse
        other.entries = list(self.entries)
        return other


def play(  # noqa: C901
    work: Work, model: Model, script: list[tuple[str, Any, int]], purse_id: Any
) -> None:
    """Do a script with the Work, and say in the model what must come of it."""
    before = dict(model.rows)
    purse = work.load_one(Purse.objects.filter(pk=purse_id))
    loaded = {toy.pk: toy for toy in work.load(Toy.objects.order_by("key"))}
    alive = list(loaded.values())
    gone: set[uuid.UUID] = set()
    down = up = 0
    for what, first, second in script:
        target = alive[first % len(alive)] if alive and isinstance(first, int) else None
        if what == "add":
            toy = new_toy(first, count=second)
            work.add(toy)
            alive.append(toy)
            model.rows[toy.pk] = (first, second, {})
        elif what == "change" and target is not None and target.pk not in gone:
            work.change(target, count=second)
            name, _count, facts = model.rows[target.pk]
            model.rows[target.pk] = (name, second, facts)
        elif what == "facts" and target is not None and target.pk not in gone:
            work.change(target, facts={"n": second})
            name, count, _facts = model.rows[target.pk]
            model.rows[target.pk] = (name, count, {"n": second})
        elif what == "remove" and target is not None and target.pk not in gone:
            work.remove(target)
            gone.add(target.pk)
            del model.rows[target.pk]
        elif what == "take":
            work.take(purse, first, Refusal("empty", "not enough"))
            down += first
        elif what == "give":
            work.give(purse, first)
            up += first
    if down > model.purse:
        model.purse = -1
        return
    model.purse += up - down
    for pk in before.keys() | model.rows.keys():
        if before.get(pk) == model.rows.get(pk):
            continue
        action = 1 if pk in before and pk in model.rows else (0 if pk in model.rows else 2)
        model.entries.append((pk, action))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(scripts=st.lists(st.lists(operations, max_size=8), min_size=1, max_size=5))
def test_any_sequence_leaves_exactly_the_rows_and_entries_that_its_model_predicts(
    somebody: Actor, scripts: list[list[tuple[str, Any, int]]]
) -> None:
    from audit import guard

    with guard.suspended():
        Toy.objects.all().delete()
        Purse.objects.all().delete()
        LogEntry.objects.filter(event="toys.play")._raw_delete("default")
    purse = Purse(balance_minor=50)
    make(toys=[purse])
    model = Model()

    @command("toys.play")
    def one_play(work: Work, *, script: list[Any]) -> None:
        trial = model.copy()
        play(work, trial, script, purse.pk)
        states.append(trial)

    for script in scripts:
        states: list[Model] = []
        try:
            one_play(script=script)
            assert states[-1].purse >= 0, "an overdraft went through"
            model = states[-1]
        except Refusal:
            assert states[-1].purse < 0, "refused although there was enough"
    found = {t.pk: (t.name, t.count, t.facts) for t in Toy.objects.all()}
    assert found == model.rows
    assert Purse.objects.get().balance_minor == model.purse
    done = LogEntry.objects.filter(event="toys.play", outcome="done")
    assert sorted((uuid.UUID(e.object_pk), e.action) for e in done) == sorted(model.entries)


def test_a_new_purse_keeps_what_is_given_to_it_under_its_name_alone(somebody: Actor) -> None:
    @command("toys.purse.opened")
    def open_and_fill(work: Work) -> uuid.UUID:
        purse = Purse()
        work.add(purse)
        work.give(Purse(id=purse.pk), 30)
        work.take(Purse(id=purse.pk), 10, Refusal("empty", "not enough"))
        return purse.pk

    assert Purse.objects.get(pk=open_and_fill()).balance_minor == 20


def test_rows_that_come_along_may_be_changed_and_are_one_instance_each(
    somebody: Actor, django_assert_num_queries: Any
) -> None:
    box = Box(label="chest")
    make(toys=[box, new_toy("bear", box=box), new_toy("duck", box=box), new_toy("lone")])

    @command("toys.box.renamed")
    def rename(work: Work) -> None:
        with django_assert_num_queries(1):
            bear, duck, lone = work.load(Toy.objects.order_by("name"), also=("box",))
        assert bear.box is not None
        assert bear.box is duck.box
        assert lone.box is None
        work.change(bear.box, label="crate")

    rename()
    assert Box.objects.get().label == "crate"
    assert [e.object_repr for e in entries(event="toys.box.renamed")] == ["crate"]
