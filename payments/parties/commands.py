"""Taking merchants, customers and cards in, keeping customers right, and merging duplicates."""

from __future__ import annotations

import uuid

from audit.approvals import steps as approvals
from audit.approvals.models import Kind as ApprovalKind
from audit.command import command
from audit.data_keys import find_data_keys
from audit.encryption import new_data_key
from audit.errors import Kind, Refusal
from audit.models import SubjectKey
from audit.texts import clean_text
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import (
    CardReference,
    Customer,
    Merchant,
    MerchantCurrency,
    Merge,
)
from payments.parties.queries import find_open_merges
from payments.parties.sealing import seal_fields, unseal_field
from payments.parties.steps import add_merchant, make_reference, open_currency


@command("parties.merchant.created")
def create_merchant(
    work: Work,
    *,
    name: str,
    statement_descriptor: str,
    fixed_fees: dict[str, int],
    fee_basis_points: int = 0,
    is_live: bool = False,
    key: str,
) -> Merchant:
    """Take a merchant in, with a currency for each of `fixed_fees` (`{"EUR": 25}`, minor units).

    Opens its accounts on the ledger. The same key again returns the first merchant. One SELECT for
    the key and one for each currency.
    """
    if (made := work.replay(Merchant)) is not None:
        return made
    return add_merchant(
        work,
        key=key,
        fingerprint=work.fingerprint,
        name=name,
        statement_descriptor=statement_descriptor,
        fixed_fees=fixed_fees,
        fee_basis_points=fee_basis_points,
        is_live=is_live,
    )


@command("parties.currency.opened")
def add_currency(
    work: Work, *, merchant_id: uuid.UUID, currency: str, fee_fixed_minor: int = 0
) -> MerchantCurrency:
    """Let a merchant take payments in one more currency. Raises a conflict when it does already."""
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), errors.no_such_merchant())
    policy.check_terms({currency: fee_fixed_minor})
    if MerchantCurrency.objects.filter(merchant=merchant, currency=currency).exists():
        raise errors.currency_already_open(merchant)
    return open_currency(work, merchant, currency, fee_fixed_minor)


@command("parties.customer.created")
def create_customer(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    name: str = "",
    email: str = "",
    phone: str = "",
    address: str = "",
    is_live: bool = False,
    key: str,
) -> Customer:
    """Take a customer in, his personal fields sealed under a key made for him.

    The same key again returns the first customer. Two SELECTs.
    """
    if (made := work.replay(Customer)) is not None:
        return made
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), errors.no_such_merchant())
    given = {"name": name, "email": email, "phone": phone, "address": address}
    values = {field: policy.CLEANERS[field](text) for field, text in given.items()}
    data_key, wrapped = new_data_key()
    customer = Customer(
        key=key,
        fingerprint=work.fingerprint,
        merchant=merchant,
        reference=make_reference("C"),
        is_live=is_live,
        created_at=work.now,
    )
    for column, value in seal_fields(customer.pk, data_key, values).items():
        setattr(customer, column, value)
    work.add(SubjectKey(id=customer.pk, wrapped=wrapped), customer)
    return customer


@command("parties.customer.changed")
def update_customer(
    work: Work,
    *,
    customer_id: uuid.UUID,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    address: str | None = None,
) -> Customer:
    """Change the personal fields that are given; None leaves one as it is, "" empties it.

    A repeat changes nothing. Raises a conflict when the customer was erased. Two SELECTs.
    """
    customer = work.load_one(Customer.objects.filter(pk=customer_id), errors.no_such_customer())
    given = {"name": name, "email": email, "phone": phone, "address": address}
    key = find_data_keys([customer.pk]).get(customer.pk)
    if key is None:
        raise errors.customer_erased(customer)
    values = {
        field: policy.CLEANERS[field](text) for field, text in given.items() if text is not None
    }
    changed = {
        field: value
        for field, value in values.items()
        if value != unseal_field(customer, key, field)
    }
    if changed:
        work.change(customer, **seal_fields(customer.pk, key, changed))
    return customer


@command("parties.card.added")
def add_card(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    customer_id: uuid.UUID | None = None,
    connector: str,
    card: policy.CardDetails,
    is_live: bool = False,
    key: str,
) -> CardReference:
    """Keep a card as its provider's token. A card number anywhere in it is refused.

    A customer of the other mode, test or live, is not there.

    The same key again returns the first card. Two or three SELECTs.
    """
    if (made := work.replay(CardReference)) is not None:
        return made
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), errors.no_such_merchant())
    policy.check_card(card)
    reference = CardReference(
        key=key,
        fingerprint=work.fingerprint,
        merchant=merchant,
        customer=_customer_of(work, merchant, customer_id, is_live=is_live),
        connector=clean_text(connector, field="connector", most=32, required=True),
        token=card.token,
        brand=clean_text(card.brand, field="brand", most=20, required=True),
        bin=card.bin,
        last_four=card.last_four,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        card_fingerprint=clean_text(card.fingerprint, field="card_fingerprint", most=64),
        funding=card.funding,
        country=card.country,
        is_live=is_live,
        created_at=work.now,
    )
    work.add(reference)
    return reference


def _customer_of(
    work: Work, merchant: Merchant, customer_id: uuid.UUID | None, *, is_live: bool
) -> Customer | None:
    if customer_id is None:
        return None
    rows = Customer.objects.filter(pk=customer_id, is_live=is_live)
    customer = work.load_one(rows, errors.no_such_customer())
    if customer.merchant_id != merchant.pk:
        raise errors.of_another_merchant()
    return customer


@command("parties.merge.requested")
def request_merge(
    work: Work, *, duplicate_id: uuid.UUID, survivor_id: uuid.UUID, reason: str, key: str
) -> Merge:
    """Ask a colleague to make a customer a duplicate of another of the same merchant.

    Nothing moves until he says yes. `reason` is for him. A repeat with the same key answers the
    first request. Five SELECTs.
    """
    if (done := work.replay(Merge)) is not None:
        return done
    duplicate, survivor = _load_pair(work, duplicate_id, survivor_id)
    words = clean_text(reason, field="reason", most=200, required=True)
    has_request = bool(find_open_merges([duplicate.pk, survivor.pk]))
    _check_merge(work, duplicate, survivor, has_request=has_request)
    merge = Merge(
        key=key,
        fingerprint=work.fingerprint,
        duplicate=duplicate,
        survivor=survivor,
        created_at=work.now,
    )
    work.add(merge)
    approvals.request_approval(
        work,
        kind=ApprovalKind.MERGE,
        subject_id=merge.pk,
        subject_reference=str(merge),
        reason=words,
    )
    return merge


@command("parties.merge.approved")
def approve_merge(work: Work, *, subject_id: uuid.UUID, key: str, note: str = "") -> Merge:
    """A second person says yes: the duplicate points at the survivor from now on.

    What the duplicate had stays where it was booked and is shown with the survivor's. Duplicates
    that pointed at it point at the survivor too. Never by the person who asked; everything is
    checked again. Five SELECTs.
    """
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=True, note=_checked(note))
    duplicate, survivor = merge.duplicate, merge.survivor
    _check_merge(work, duplicate, survivor, has_request=False)
    older = work.load(Customer.objects.filter(merged_into=duplicate).order_by("pk"))
    for customer in (duplicate, *older):
        work.change(
            customer, event="parties.customer.merged", merged_into=survivor, merged_at=work.now
        )
    work.change(merge, status=Merge.Status.MERGED, settled_at=work.now)
    return merge


@command("parties.merge.rejected")
def reject_merge(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Merge:
    """A second person says no; it may be asked for again."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=False, note=_checked(note))
    work.change(merge, status=Merge.Status.REJECTED, settled_at=work.now)
    return merge


@command("parties.merge.withdrawn")
def withdraw_merge(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Merge:
    """The person who asked takes it back before anybody decided."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.withdraw(work, approval, note=_checked(note))
    work.change(merge, status=Merge.Status.WITHDRAWN, settled_at=work.now)
    return merge


@command("parties.merge.lapsed")
def lapse_merge(work: Work, *, subject_id: uuid.UUID) -> Merge:
    """Nobody decided in time."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    if approval.expires_at > work.now:
        return merge
    approvals.expire(work, approval)
    work.change(merge, status=Merge.Status.LAPSED, settled_at=work.now)
    return merge


def _load_pair(
    work: Work, duplicate_id: uuid.UUID, survivor_id: uuid.UUID
) -> tuple[Customer, Customer]:
    rows = work.load(Customer.objects.filter(pk__in=[duplicate_id, survivor_id]))
    by_id = {row.pk: row for row in rows}
    if not {duplicate_id, survivor_id} <= set(by_id):
        raise errors.no_such_customer()
    return by_id[duplicate_id], by_id[survivor_id]


def _load_merge(work: Work, merge_id: uuid.UUID) -> Merge:
    return work.load_one(
        Merge.objects.filter(pk=merge_id), errors.no_such_merge(), also=("duplicate", "survivor")
    )


def _check_merge(work: Work, duplicate: Customer, survivor: Customer, *, has_request: bool) -> None:
    with_keys = find_data_keys([duplicate.pk, survivor.pk])
    decision = policy.merge_decision(
        duplicate,
        survivor,
        is_erased=len(with_keys) < len({duplicate.pk, survivor.pk}),
        has_request=has_request,
    )
    if not decision:
        raise Refusal("merge_refused", decision.reason, Kind.CONFLICT, about=duplicate)


def _checked(note: str) -> str:
    return clean_text(note, field="note", most=500, lines=True)
