"""What `manage.py prove` computes anew about the ledger. Each proof is one SELECT, so that it sees
one moment of a business that goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import BigIntegerField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from audit import proofs
from payments.ledger.models import Account, Entry, Rollup, Transfer
from payments.ledger.queries import trial_balance


def register() -> None:
    """Put the ledger's proofs on the list."""
    count_entries, count_transfers = Entry.objects.count, Transfer.objects.count
    known: list[tuple[str, proofs.Proof, Callable[[], int]]] = [
        ("ledger: the trial balance is zero", prove_trial_balance, count_entries),
        ("ledger: each transfer is zero", prove_transfers_are_zero, count_transfers),
        (
            "ledger: each transfer has two entries or more",
            prove_entries_of_transfers,
            count_transfers,
        ),
        ("ledger: no transfer mixes test and live money", prove_modes, count_transfers),
        ("ledger: entries carry their account's currency", prove_currencies, count_entries),
        ("ledger: account ids follow from their names", prove_account_names, Account.objects.count),
        ("ledger: guarded balances equal their entries", prove_guarded, _guarded().count),
        ("ledger: rolled-up balances equal their entries", prove_rollups, Rollup.objects.count),
    ]
    for name, proof, count in known:
        proofs.register(name, proof, count)


def prove_trial_balance() -> Iterator[str]:
    """Debits and credits are equal in each mode and currency."""
    for row in trial_balance():
        if row.difference_minor:
            mode = "live" if row.is_live else "test"
            yield f"{mode} {row.currency}: debits and credits differ by {row.difference_minor}"


def prove_transfers_are_zero() -> Iterator[str]:
    """Each transfer is zero in each of its currencies."""
    sums = Entry.objects.order_by("transfer_id", "currency").values("transfer_id", "currency")
    for row in sums.annotate(minor=Sum("amount_minor")).exclude(minor=0):
        yield f"transfer {row['transfer_id']}: off by {row['minor']} {row['currency']}"


def prove_entries_of_transfers() -> Iterator[str]:
    """Each transfer has two entries or more."""
    counted = Transfer.objects.annotate(entry_count=Count("entries")).filter(entry_count__lt=2)
    for transfer in counted.order_by("pk"):
        yield f"transfer {transfer.pk}: has too few entries"


def prove_modes() -> Iterator[str]:
    """Each transfer is of test money or of live money."""
    both = Entry.objects.order_by("transfer_id").values("transfer_id")
    live = Count("pk", filter=Q(account__is_live=True))
    for row in both.annotate(all=Count("pk"), live=live).filter(live__gt=0, live__lt=F("all")):
        yield f"transfer {row['transfer_id']}: mixes test money and live money"


def prove_currencies() -> Iterator[str]:
    """No entry is in another currency than its account."""
    wrong = Entry.objects.exclude(currency=F("account__currency")).select_related("account")
    for entry in wrong.order_by("pk"):
        yield f"entry {entry.pk}: {entry.currency} on an account of {entry.account.currency}"


def prove_account_names() -> Iterator[str]:
    """Each account's id follows from its owner, currency, code, holder and mode."""
    for account in Account.objects.order_by("pk"):
        if account.ref.id != account.pk:
            yield f"account {account.pk}: its name says {account.ref.id}"


def prove_guarded() -> Iterator[str]:
    """Each guarded balance is minus the sum of its entries."""
    wrong = _guarded().annotate(minor=_sum(Q())).exclude(balance_minor=-F("minor"))
    for account in wrong.order_by("pk"):
        owed = -account.minor
        yield f"account {account.pk}: holds {account.balance_minor}, its entries say {owed}"


def prove_rollups() -> Iterator[str]:
    """Each rolled-up balance is the sum of the entries up to its moment."""
    until = Q(recorded_at__lte=OuterRef("through_at"))
    wrong = Rollup.objects.annotate(minor=_sum(until, "account_id")).exclude(
        balance_minor=F("minor")
    )
    for base in wrong.order_by("pk"):
        yield (
            f"roll-up of account {base.account_id}: {base.balance_minor},"
            f" its entries say {base.minor}"
        )


def _guarded() -> QuerySet[Account]:
    return Account.objects.filter(guarded=True)


def _sum(which: Q, account: str = "pk") -> Coalesce:
    entries = Entry.objects.filter(which, account_id=OuterRef(account)).order_by()
    sums = entries.values("account_id").annotate(minor=Sum("amount_minor")).values("minor")
    return Coalesce(Subquery(sums), Value(0), output_field=BigIntegerField())
