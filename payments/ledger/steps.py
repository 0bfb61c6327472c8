"""Writing to the ledger inside somebody's Work."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.errors import KernelError, Refusal
from audit.work import Work
from payments.ledger.chart import GUARDED, AccountCode, AccountRef, TransferCode, name_account
from payments.ledger.errors import insufficient_balance
from payments.ledger.models import Account, Entry, Transfer
from payments.ledger.money import Money, exponent_of


@dataclass(frozen=True, slots=True)
class Line:
    """One leg to be: signed money, debit positive. See `debit` and `credit`.

    `refusal` is for a guarded account that does not hold enough.
    """

    account: AccountRef
    money: Money
    refusal: Refusal | None = None


def debit(account: AccountRef, money: Money, refusal: Refusal | None = None) -> Line:
    """A debit of a positive amount. On a guarded account it takes from the balance."""
    return Line(account, _positive(money), refusal)


def credit(account: AccountRef, money: Money) -> Line:
    """A credit of a positive amount. On a guarded account it adds to the balance."""
    return Line(account, -_positive(money))


def _positive(money: Money) -> Money:
    if not money.is_positive:
        raise KernelError("a debit or credit is of a positive amount")
    return money


def open_accounts(work: Work, owner_id: uuid.UUID, currency: str) -> list[Account]:
    """Open the derived accounts of a merchant in a currency, for test money and for live money;
    those that are there stay.

    Returns the new ones, none on a repeat. One SELECT.
    """
    exponent_of(currency)
    names = [
        name_account(owner_id, currency, code, is_live=is_live)
        for is_live in (False, True)
        for code in AccountCode
    ]
    there = set(
        Account.objects.filter(pk__in=[name.id for name in names]).values_list("pk", flat=True)
    )
    there |= {pk for model, pk in work.rows if model is Account}
    accounts = [_make_account(name) for name in names if name.id not in there]
    work.add(*accounts)
    return accounts


def open_guarded(
    work: Work,
    owner_id: uuid.UUID,
    currency: str,
    code: AccountCode,
    holder: uuid.UUID,
    *,
    is_live: bool,
) -> Account:
    """Open the account of one card or wallet, at zero. A second one of the same name fails."""
    if code not in GUARDED:
        raise KernelError(f"{code} is not guarded")
    exponent_of(currency)
    account = _make_account(name_account(owner_id, currency, code, holder, is_live=is_live))
    work.add(account)
    return account


def _make_account(name: AccountRef) -> Account:
    return Account(
        id=name.id,
        owner_id=name.owner_id,
        is_live=name.is_live,
        currency=name.currency,
        code=name.code,
        holder=name.holder,
        guarded=name.is_guarded,
    )


def post(
    work: Work,
    code: TransferCode,
    reference: str,
    lines: Sequence[Line],
    *,
    effective_at: datetime | None = None,
) -> Transfer:
    """Book a transfer of two or more lines that sum to zero in each currency, all of test money
    or all of live money.

    A line on a guarded account moves its balance by exactly that line, and the flush ends with the
    line's refusal when the balance does not hold it. The same code and reference can be booked
    only once. `effective_at` is the Work's clock unless given. Reads nothing; costs two INSERTs,
    and one UPDATE for each guarded account. Raises KernelError for lines that make no transfer.
    """
    return _post(work, code, reference, lines, effective_at or work.now, None)


def reverse(work: Work, transfer: Transfer) -> Transfer:
    """Undo a transfer by its mirror image; a second time fails on `ledger_transfer_reversed_once`.

    The transfer must be committed, not pending in this Work. One SELECT. A reversal of something
    given to a guarded account is refused when its balance is gone.
    """
    tracked = work.rows.get((Transfer, transfer.pk))
    if tracked is not None and tracked.loaded is None:
        raise KernelError("a transfer of the same Work is not reversed, it is not posted")
    entries = Entry.objects.filter(transfer=transfer).select_related("account").order_by("pk")
    lines = [
        Line(entry.account.ref, Money(-entry.amount_minor, entry.currency)) for entry in entries
    ]
    reference = f"transfer:{transfer.pk}"
    return _post(work, TransferCode.REVERSAL, reference, lines, work.now, transfer)


def _post(
    work: Work,
    code: TransferCode,
    reference: str,
    lines: Sequence[Line],
    effective_at: datetime,
    reverses: Transfer | None,
) -> Transfer:
    _check(lines)
    transfer = Transfer(
        code=TransferCode(code),
        reference=reference,
        is_live=lines[0].account.is_live,
        effective_at=effective_at,
        command_id=work.command_id,
        reverses=reverses,
    )
    work.add(transfer)
    work.add(
        *(
            Entry(
                transfer=transfer,
                account_id=line.account.id,
                is_live=line.account.is_live,
                amount_minor=line.money.minor,
                currency=line.money.currency,
            )
            for line in lines
        )
    )
    _move_guarded(work, lines)
    return transfer


def _check(lines: Sequence[Line]) -> None:
    if len(lines) < 2:
        raise KernelError("a transfer has two or more entries")
    if len({line.account.is_live for line in lines}) > 1:
        raise KernelError("test money and live money in one transfer")
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.money.is_zero:
            raise KernelError(f"{line.account.code}: an entry of zero")
        if line.money.currency != line.account.currency:
            raise KernelError(f"{line.money.currency} on an account of {line.account.currency}")
        sums[line.money.currency] += line.money.minor
    if off := {currency: minor for currency, minor in sums.items() if minor}:
        raise KernelError(f"a transfer that is off by {off}")


def _move_guarded(work: Work, lines: Iterable[Line]) -> None:
    moves: dict[AccountRef, int] = defaultdict(int)
    refusals: dict[AccountRef, Refusal] = {}
    for line in lines:
        if line.account.is_guarded:
            moves[line.account] -= line.money.minor
            if line.refusal is not None:
                refusals[line.account] = line.refusal
    for name, minor in moves.items():
        account = _account_of(work, name)
        if minor > 0:
            work.give(account, minor)
        elif minor < 0:
            work.take(account, -minor, refusals.get(name) or insufficient_balance())


def _account_of(work: Work, name: AccountRef) -> Account:
    """The one this Work opened, else its name alone: the UPDATE goes by the id."""
    opened = work.rows.get((Account, name.id))
    if opened is not None and isinstance(opened.obj, Account):
        return opened.obj
    return _make_account(name)
