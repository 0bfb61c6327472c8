"""Reading the ledger. Sums are signed: debit positive, credit negative (see `models`)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Now

from audit.modes import of_mode
from audit.together import together
from payments.ledger.chart import AccountCode, AccountRef
from payments.ledger.errors import no_such_account
from payments.ledger.models import Account, Entry
from payments.ledger.money import Money


@dataclass(frozen=True, slots=True)
class Balance:
    """`signed` is debit positive; `usual` is positive where the account usually stands."""

    account: Account
    signed: Money

    @property
    def usual(self) -> Money:
        return self.signed if AccountCode(self.account.code).is_debit_normal else -self.signed


@dataclass(frozen=True, slots=True)
class TrialRow:
    """All debits and credits of one mode and currency, in minor units, credits negative."""

    is_live: bool
    currency: str
    debits_minor: int
    credits_minor: int

    @property
    def difference_minor(self) -> int:
        return self.debits_minor + self.credits_minor


def get_balance(account: AccountRef | uuid.UUID) -> Balance:
    """The balance of one account: the base and what came since. One SELECT.

    Raises a Refusal (missing) when there is no such account.
    """
    return make_balance(together(*select_balance(account)))


def select_balance(account: AccountRef | uuid.UUID) -> list[QuerySet[Any, Any]]:
    """The SELECTs that `make_balance` wants, to be read together with whatever else is needed."""
    pk = account.id if isinstance(account, AccountRef) else account
    return [
        Account.objects.filter(pk=pk).select_related("rollup"),
        _select_recent([pk]).filter(account__guarded=False),
    ]


BALANCE = 2
"""So many lists make a balance."""


def make_balance(read: Sequence[list[Any]]) -> Balance:
    """The balance of what `select_balance` found. Raises a Refusal (missing)."""
    accounts, sums = read
    if not accounts:
        raise no_such_account()
    recent = {row["account_id"]: int(row["minor"]) for row in sums}
    return Balance(accounts[0], Money(_signed_minor(accounts[0], recent), accounts[0].currency))


def list_balances(
    owner_id: uuid.UUID, currency: str | None = None, *, is_live: bool
) -> list[Balance]:
    """The derived accounts of a merchant in one mode, by currency and code. Two SELECTs."""
    accounts = Account.objects.filter(of_mode(is_live), owner_id=owner_id, guarded=False)
    accounts = accounts.select_related("rollup")
    if currency is not None:
        accounts = accounts.filter(currency=currency)
    return _balances(list(accounts.order_by("currency", "code", "pk")))


def _balances(accounts: Sequence[Account]) -> list[Balance]:
    derived = [account.pk for account in accounts if not account.guarded]
    recent = sum_since_rollup(derived) if derived else {}
    return [
        Balance(account, Money(_signed_minor(account, recent), account.currency))
        for account in accounts
    ]


def _signed_minor(account: Account, recent: dict[uuid.UUID, int]) -> int:
    if account.guarded:
        return -account.balance_minor
    base = account.rollup.balance_minor if hasattr(account, "rollup") else 0
    return base + recent.get(account.pk, 0)


def sum_since_rollup(
    account_ids: Iterable[uuid.UUID], until: datetime | None = None
) -> dict[uuid.UUID, int]:
    """Minor units booked on derived accounts after their roll-up, up to `until`. One SELECT.

    An account without such entries is not in the answer.
    """
    sums = _select_recent(account_ids, until)
    return {row["account_id"]: int(row["minor"]) for row in sums}


def _select_recent(
    account_ids: Iterable[uuid.UUID], until: datetime | None = None
) -> QuerySet[Any, Any]:
    entries = Entry.objects.filter(account_id__in=list(account_ids)).filter(
        Q(account__rollup__isnull=True) | Q(recorded_at__gt=F("account__rollup__through_at"))
    )
    if until is not None:
        entries = entries.filter(recorded_at__lte=until)
    return entries.order_by().values("account_id").annotate(minor=Sum("amount_minor"))


def list_entries_for(references: Sequence[str]) -> QuerySet[Entry]:
    """The entries of all transfers with these references, oldest first, debits before credits.

    `transfer` and `account` come with them. One SELECT.
    """
    return (
        Entry.objects.filter(transfer__reference__in=list(references))
        .select_related("transfer", "account")
        .order_by(
            "transfer__effective_at", "transfer__recorded_at", "transfer_id", "-amount_minor", "pk"
        )
    )


def list_statement(
    account: AccountRef | uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 50
) -> list[Entry]:
    """A page of an account's entries as they were booked, newest first; `after` is the last entry
    of the page before. `transfer` comes with them. One SELECT."""
    pk = account.id if isinstance(account, AccountRef) else account
    entries = Entry.objects.filter(account_id=pk).select_related("transfer")
    if after is not None:
        # Compared inside the database: SQLite keeps its own clock with fewer digits than Python's.
        last = Entry.objects.filter(pk=after).values("recorded_at")[:1]
        entries = entries.filter(Q(recorded_at__lt=last) | Q(recorded_at=last, pk__lt=after))
    return list(entries.order_by("-recorded_at", "-pk")[:limit])


def trial_balance() -> list[TrialRow]:
    """All debits and credits, test money and live money apart, of each currency. One SELECT over
    the whole ledger."""
    zero = Value(0)
    sums = (
        Entry.objects.order_by("account__is_live", "currency")
        .values("account__is_live", "currency")
        .annotate(
            debits=Coalesce(Sum("amount_minor", filter=Q(amount_minor__gt=0)), zero),
            credits=Coalesce(Sum("amount_minor", filter=Q(amount_minor__lt=0)), zero),
        )
    )
    return [
        TrialRow(row["account__is_live"], row["currency"], int(row["debits"]), int(row["credits"]))
        for row in sums
    ]


def list_derived_after(account_id: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """The ids of the next derived accounts, for going through all of them. One SELECT."""
    accounts = Account.objects.filter(guarded=False)
    if account_id is not None:
        accounts = accounts.filter(pk__gt=account_id)
    return list(accounts.order_by("pk").values_list("pk", flat=True)[:limit])


def get_database_now() -> datetime | None:
    """The database's clock, by which `recorded_at` is written; None while there is no account."""
    moment: datetime | None = (
        Account.objects.order_by().annotate(moment=Now()).values_list("moment", flat=True).first()
    )
    return moment
