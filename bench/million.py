"""Many payments, made by SQL: `python -m bench.million seed`, and then with a number of copies.

A hundred payments and what belongs to them go through the commands. Each copy of them has keys of
its own and lies further back in time; what belongs together stays together, so the books balance
as they did. Customers' copies are nameless, because what is sealed opens in its own place only.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

import django

PAYMENTS = 100
CUSTOMERS = 25
YEARS_S = 2 * 365 * 24 * 3600
KINDS = ("captured", "captured", "refunded", "authorized", "failed")


def seed() -> None:
    """The hundred, and who looks at them."""
    from audit.actor import acting_as, operator
    from tests.payments import builders
    from tests.payments.builders import eur

    chance = random.Random(7)
    with acting_as(operator("bench")):
        merchants = [
            builders.make_merchant(name=f"Merchant {number}", fixed_fees={"EUR": 0},
                                   fee_basis_points=0)
            for number in range(4)
        ]  # fmt: skip
        customers = [
            builders.make_customer(
                merchants[number % 4],
                email=f"person{number}@example.test",
                phone=f"+33 1 99 00 {number // 10:02} {number % 10:02}",
            )
            for number in range(CUSTOMERS)
        ]
        cards = [builders.make_card(merchants[n % 4], one) for n, one in enumerate(customers)]
        for number in range(PAYMENTS):
            place = number % CUSTOMERS
            given: dict[str, Any] = {
                "merchant": merchants[place % 4],
                "customer": customers[place],
                "card": cards[place],
                "order_reference": f"ORDER-{number}",
            }
            _make(KINDS[number % len(KINDS)], eur(chance.randrange(500, 90_000)), given)


def _make(kind: str, amount: Any, given: dict[str, Any]) -> None:
    from tests.payments import builders

    if kind == "failed":
        builders.answer_attempt(builders.new_payment(amount, **given), "declined")
    else:
        getattr(builders, f"{kind}_payment")(amount, **given)


# The copies


def copied() -> list[Any]:
    """Whose rows are multiplied, parents first."""
    from audit.models import LogEntry
    from payments.ledger.models import Entry, Transfer
    from payments.models import Attempt, Capture, Payment, Refund
    from payments.parties.models import CardReference, Customer

    return [Customer, CardReference, Payment, Attempt, Capture, Refund, Transfer, Entry, LogEntry]


def multiply(copies: int) -> None:
    from django.db import connection

    from audit import guard

    models = copied()
    tables = [model._meta.db_table for model in models]
    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname"
            " NOT IN (SELECT conname FROM pg_constraint)",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for model in models:
            cursor.execute(_copy_sql(model, models, copies))
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")
    _add_up()


def _copy_sql(model: Any, models: list[Any], copies: int) -> str:
    table = model._meta.db_table
    columns = dict(_columns(model, models, YEARS_S / copies))
    names = ", ".join(f'"{name}"' for name in columns)
    # One look in four is enough of a log.
    step = 4 if model._meta.model_name == "logentry" else 1
    return (
        # Read once, before the table grows.
        f"WITH t AS MATERIALIZED (SELECT *, row_number() OVER (ORDER BY id) AS place FROM {table})"
        f" INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())}"
        f" FROM t, generate_series({step}, {copies - 1}, {step}) AS n"
        + (f" WHERE {_about(models)}" if step > 1 else "")
    )


def _about(models: list[Any]) -> str:
    """The entries about what is copied."""
    labels = ", ".join(f"'{model._meta.model_name}'" for model in models)
    return (
        "t.content_type_id IN (SELECT id FROM django_content_type"
        f" WHERE app_label IN ('payments', 'parties') AND model IN ({labels}))"
    )


def _new(text: str) -> str:
    return f"md5({text} || '/' || n)"


def _columns(model: Any, models: list[Any], step_s: float) -> Iterator[tuple[str, str]]:
    from django.db.models import DateTimeField

    from audit.encryption import SealedField

    for field in model._meta.concrete_fields:
        name = field.column
        value = f't."{name}"'
        if field.primary_key or field.related_model in models:
            value = f"{_new(f'{value}::text')}::uuid"
        elif isinstance(field, SealedField):
            value = "''"
        elif isinstance(field, DateTimeField):
            value = f"{value} - n * interval '{step_s} seconds'"
        else:
            value = _text(model, field.name, value, field.max_length or 0)
        yield name, value


def _text(model: Any, name: str, value: str, longest: int) -> str:
    """What must be another text in each copy; other columns stay as they are."""
    if name in ("key", "token", "void_key"):
        return f"CASE WHEN {value} = '' THEN '' ELSE {value} || '/' || n END"
    if name in ("order_reference", "provider_reference", "network_transaction_id"):
        return f"CASE WHEN {value} = '' THEN '' ELSE left({value}, {longest - 8}) || '/' || n END"
    if name in ("email_index", "phone_index"):
        return f"left({_new(value)} || {_new(value)}, 64)"
    if name == "last_four":
        return f"lpad((('x' || left({_new('t.id::text')}, 7))::bit(28)::int % 10000)::text, 4, '0')"
    if name == "object_pk":
        return f"{_new(value)}::uuid::text"
    if name == "reference" and model._meta.model_name == "transfer":
        about = f"split_part({value}, ':', 2)"
        return f"split_part({value}, ':', 1) || ':' || {_new(about)}::uuid"
    if name == "reference" and longest < 14:
        # Eight digits by chance would meet twice among so many.
        return f"left({value}, 2) || upper(to_hex({0x10000000} + t.place * 1000000 + n))"
    if name == "reference":
        return f"left({value}, 2) || upper(left({_new('t.id::text')}, 12))"
    return value


def _add_up() -> None:
    """The totals of days and the rolled-up balances, by our own commands."""
    from audit.actor import acting_as, system
    from payments.commands.days import complete_days
    from payments.ledger.tasks import roll_up_balances

    with acting_as(system("bench")):
        while complete_days():
            pass
        roll_up_balances()


def main(order: str) -> None:
    django.setup()
    if order == "seed":
        seed()
    else:
        multiply(int(order))


if __name__ == "__main__":
    main(sys.argv[1])
