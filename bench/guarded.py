"""32 processes that take from one guarded account, against the best single statement by hand.

The statement takes from the balance and books the transfer and its two entries, which is all that
the command writes, in one implicit transaction; whoever meets a conflict waits a little and tries
again. The command also asks first whether its key was used.
"""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django

CLIENTS = 32
FILLED = 50_000_000

TAKE = """WITH took AS (
    UPDATE ledger_account SET balance_minor = balance_minor - 1
    WHERE id = %(card)s AND balance_minor >= 1 RETURNING id
), moved AS (
    INSERT INTO ledger_transfer (id, code, reference, is_live, effective_at, command_id)
    SELECT %(transfer)s, %(code)s, %(reference)s, true, now(), %(command)s FROM took
    RETURNING id
)
INSERT INTO ledger_entry (id, transfer_id, account_id, is_live, amount_minor, currency)
SELECT leg.id, moved.id, leg.account, true, leg.minor, 'EUR' FROM moved, (VALUES
    (%(debit)s::uuid, %(card)s::uuid, 1), (%(credit)s::uuid, %(payable)s::uuid, -1)
) AS leg (id, account, minor)"""


@dataclass
class Child:
    """A client: the ends of its pipes."""

    orders: int
    answers: int


def main() -> None:
    django.setup()
    card, payable = _account()
    children = [_fork(card, payable) for _ in range(CLIENTS)]
    for line in sys.stdin:
        order = line.strip()
        if order in ("warm", ""):
            answer: float = 0
        elif order == "overspent":
            answer = _overspent(card)
        else:
            answer = _all(children, order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for child in children:
        os.write(child.orders, b"end\n")


def _all(children: list[Child], order: str) -> float:
    """Have all of them do it at once; the sum of what they answer."""
    for child in children:
        os.write(child.orders, f"{order}\n".encode())
    return sum(float(_read_line(child.answers)) for child in children)


def _read_line(end: int) -> str:
    found = b""
    while not found.endswith(b"\n"):
        found += os.read(end, 64)
    return found.decode()


def _fork(card: Any, payable: Any) -> Child:
    from django.db import connections

    connections.close_all()
    orders, answers = os.pipe(), os.pipe()
    if os.fork():
        os.close(orders[0])
        os.close(answers[1])
        return Child(orders[1], answers[0])
    os.close(orders[1])
    _serve(card, payable, orders[0], answers[1])
    os._exit(0)


def _serve(card: Any, payable: Any, orders: int, answers: int) -> None:
    from audit.actor import acting_as, system
    from audit.errors import Busy

    takes = {"ours": _ours(card, payable), "raw": _raw(card, payable)}
    errors = 0
    with os.fdopen(orders) as lines, acting_as(system("bench")):
        for line in lines:
            name, _, seconds = line.strip().partition(" ")
            if name == "end":
                break
            done = 0
            start = time.perf_counter()
            while seconds and time.perf_counter() - start < float(seconds):
                try:
                    takes[name]()
                    done += 1
                except Busy:
                    errors += 1
            rate = done / (time.perf_counter() - start) if seconds else errors
            os.write(answers, f"{rate}\n".encode())


def _account() -> tuple[Any, Any]:
    """A card with money on it, and the account of the merchant that sells for it."""
    from audit.actor import acting_as, system
    from audit.command import command
    from payments.ledger.chart import AccountCode, TransferCode, name_account
    from payments.ledger.money import Money
    from payments.ledger.steps import credit, debit, open_accounts, open_guarded, post

    owner, holder = uuid.uuid4(), uuid.uuid4()
    card = name_account(owner, "EUR", AccountCode.GIFT_CARD_LIABILITY, holder, is_live=True)

    @command("bench.card.filled")
    def fill(work: Any) -> None:
        open_accounts(work, owner, "EUR")
        open_guarded(work, owner, "EUR", AccountCode.GIFT_CARD_LIABILITY, holder, is_live=True)
        clearing = name_account(owner, "EUR", AccountCode.PROVIDER_CLEARING, is_live=True)
        lines = [debit(clearing, Money(FILLED, "EUR")), credit(card, Money(FILLED, "EUR"))]
        post(work, TransferCode.CORRECTION, f"bench:{holder}", lines)

    with acting_as(system("bench")):
        fill()
    return card, name_account(owner, "EUR", AccountCode.MERCHANT_PAYABLE, is_live=True)


def _ours(card: Any, payable: Any) -> Callable[[], Any]:
    from audit import reads
    from audit.command import command
    from audit.errors import Refusal
    from payments.ledger.chart import TransferCode
    from payments.ledger.models import Transfer
    from payments.ledger.money import Money
    from payments.ledger.steps import credit, debit, post

    one, empty = Money(1, "EUR"), Refusal("empty", "The card is empty.")

    @command("bench.card.taken", moves_money=True)
    def take(work: Any, *, key: str) -> Any:
        # As `work.replay` does for a row that carries the key.
        if reads.find(
            reads.Wanted(Transfer, {"code": "correction", "reference": f"bench:{key}"}), apart=True
        ):
            return None
        lines = [debit(card, one, empty), credit(payable, one)]
        return post(work, TransferCode.CORRECTION, f"bench:{key}", lines)

    return lambda: take(key=uuid.uuid4().hex)


def _raw(card: Any, payable: Any) -> Callable[[], None]:
    import psycopg

    db = psycopg.connect(
        os.environ["RAW_URL"],
        autocommit=True,
        prepare_threshold=1,
        options="-c default_transaction_isolation=serializable",
    )

    def take() -> None:
        given = {name: uuid.uuid4() for name in ("transfer", "command", "debit", "credit")}
        values = {**given, "card": card.id, "payable": payable.id, "code": "correction",
                  "reference": f"bench:{given['transfer']}"}  # fmt: skip
        attempt = 0
        while True:
            try:
                db.execute(TAKE, values)
            except psycopg.errors.SerializationFailure:
                attempt += 1
                time.sleep(random.uniform(0, min(0.5, 0.002 * 2**attempt)))
            else:
                return

    return take


def _overspent(card: Any) -> float:
    """How far the balance is from what the entries say; or below zero."""
    from django.db.models import Sum

    from payments.ledger.models import Account, Entry

    left = Account.objects.get(pk=card.id).balance_minor
    booked = Entry.objects.filter(account_id=card.id).aggregate(sum=Sum("amount_minor"))["sum"]
    return abs(left + booked) + max(0, -left)


if __name__ == "__main__":
    main()
