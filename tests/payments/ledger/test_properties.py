"""Whatever is done to the books, they hold."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import KernelError, Refusal
from payments.ledger import proofs, steps
from payments.ledger.chart import AccountCode, AccountRef, TransferCode
from payments.ledger.models import Account, Entry, Transfer
from payments.ledger.money import Money
from payments.ledger.queries import get_balance

from .conftest import CARD, Book, in_work

thorough = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

AMOUNT = st.integers(1, 100)
CARDS = 2
DERIVED = [AccountCode.PROVIDER_CLEARING, AccountCode.MERCHANT_PAYABLE, AccountCode.BREAKAGE]
PLACE = st.integers(0, CARDS + len(DERIVED) - 1)
MOVE = st.tuples(st.just("move"), PLACE, PLACE, AMOUNT)
UNDO = st.tuples(st.just("undo"), st.integers(0, 30), st.just(0), st.just(0))
STEPS = st.lists(st.one_of(MOVE, MOVE, UNDO), max_size=12)


class Model:
    """What the books must say: signed balances, and what each transfer did."""

    def __init__(self, places: list[AccountRef]) -> None:
        self.places = places
        self.balances: dict[AccountRef, int] = dict.fromkeys(places, 0)
        self.done: list[tuple[Transfer, dict[AccountRef, int]]] = []
        self.undone: set[uuid.UUID] = set()

    def holds_after(self, moves: dict[AccountRef, int]) -> bool:
        return all(
            self.balances[place] + by <= 0 for place, by in moves.items() if place.is_guarded
        )

    def expect(self, attempt: Callable[[], Transfer], moves: dict[AccountRef, int]) -> bool:
        """Make the attempt; it is booked exactly when no guarded balance goes below zero."""
        if not self.holds_after(moves):
            with pytest.raises(Refusal):
                attempt()
            return False
        self.done.append((attempt(), moves))
        for place, by in moves.items():
            self.balances[place] += by
        return True


def move(book: Book, model: Model, debited: int, credited: int, minor: int) -> None:
    source, target = model.places[debited], model.places[credited]
    moves: dict[AccountRef, int] = defaultdict(int)
    moves[source] += minor
    moves[target] -= minor
    model.expect(lambda: book.move(source, target, minor), moves)


def undo(model: Model, number: int) -> None:
    if not model.done:
        return
    transfer, before = model.done[number % len(model.done)]
    if transfer.pk in model.undone:
        return
    moves = {place: -by for place, by in before.items()}
    if model.expect(lambda: in_work(lambda work: steps.reverse(work, transfer)), moves):
        model.undone.add(transfer.pk)


@thorough
@given(STEPS)
def test_any_sequence_leaves_the_books_that_its_model_predicts(
    db: None, todo: list[tuple[str, int, int, int]]
) -> None:
    book = Book()
    cards = [book.open_card() for _ in range(CARDS)]
    model = Model([*cards, *(book.account(code) for code in DERIVED)])
    for kind, one, other, minor in todo:
        if kind == "move":
            move(book, model, one, other, minor)
        else:
            undo(model, one)
        guarded = Account.objects.filter(owner_id=book.owner_id, guarded=True)
        assert all(account.balance_minor >= 0 for account in guarded)
    for place, minor in model.balances.items():
        assert get_balance(place).signed.minor == minor
    sums = (
        Entry.objects.order_by().values("transfer", "currency").annotate(minor=Sum("amount_minor"))
    )
    assert all(row["minor"] == 0 for row in sums)
    assert not [*proofs.prove_guarded(), *proofs.prove_trial_balance()]


@thorough
@given(
    st.lists(st.tuples(st.sampled_from(DERIVED), st.integers(-500, 500)), min_size=1, max_size=6)
)
def test_reverse_of_a_reverse_is_the_first_transfer_again(
    db: None, legs: list[tuple[AccountCode, int]]
) -> None:
    book = Book()
    card = book.open_card(10_000)
    lines = [steps.Line(book.account(code), book.money(minor)) for code, minor in legs if minor]
    rest = Money.total([line.money for line in lines], book.currency)
    if rest.is_zero:
        return
    lines.append(steps.Line(card, -rest))
    names = {line.account for line in lines}
    first = in_work(
        lambda work: steps.post(work, TransferCode.CORRECTION, f"test:{uuid.uuid4()}", lines)
    )
    once = {name: get_balance(name).signed for name in names}
    second = in_work(lambda work: steps.reverse(work, first))
    in_work(lambda work: steps.reverse(work, second))
    assert {name: get_balance(name).signed for name in names} == once
    assert Account.objects.get(pk=card.id).code == CARD


@thorough
@given(st.lists(st.integers(-1000, 1000), min_size=0, max_size=5))
def test_lines_are_booked_exactly_when_they_sum_to_zero(db: None, minors: list[int]) -> None:
    book = Book()
    lines = [
        steps.Line(book.account(code), book.money(minor))
        for code, minor in zip(AccountCode, minors, strict=False)
    ]
    legal = len(minors) >= 2 and sum(minors) == 0 and all(minors)
    reference = f"test:{uuid.uuid4()}"
    try:
        in_work(lambda work: steps.post(work, TransferCode.CORRECTION, reference, lines))
    except KernelError:
        assert not legal
    else:
        assert legal
    assert Transfer.objects.filter(reference=reference).count() == int(legal)
