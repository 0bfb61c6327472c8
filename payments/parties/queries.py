"""Reading parties. What is sealed stays sealed but for `reveal` and `masked`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit import keyset
from audit.data_keys import find_data_keys, open_data_keys, select_data_keys
from audit.encryption import DataKey, fingerprint
from audit.together import together
from payments.parties.errors import (
    currency_not_open,
    customer_erased,
    no_such_customer,
    no_such_merchant,
    no_such_merge,
    no_such_split,
)
from payments.parties.models import (
    PERSONAL_FIELDS,
    CardReference,
    Customer,
    Merchant,
    MerchantCurrency,
    Merge,
    Split,
)
from payments.parties.policy import READABLE, name_key
from payments.parties.sealing import index_email, index_phone, mask_field, unseal_field

_MERCHANT = re.compile(rf"M[- ]?([{READABLE}]{{8}})")
MOST_FOUND = 50
MOST_CARDS = 20
MOST_ALIKE = 10


def get_merchant(merchant_id: uuid.UUID) -> Merchant:
    """A merchant with its currencies; a Refusal (missing) when there is none. Two SELECTs."""
    found = Merchant.objects.prefetch_related("currencies").filter(pk=merchant_id).first()
    if found is None:
        raise no_such_merchant()
    return found


def list_merchants() -> QuerySet[Merchant]:
    """All merchants by name."""
    return Merchant.objects.order_by("name_key", "pk")


def find_merchants(text: str) -> Q:
    """What finds merchants by the beginning of their name, or by a whole reference. By index."""
    words = text.strip()
    match = _MERCHANT.fullmatch(words.upper())
    if match is not None:
        return Q(reference=f"M-{match[1]}")
    key = name_key(words)
    return keyset.begins_with("name_key", key) if key else Q(pk__in=[])


def list_terms(merchant: Merchant) -> list[MerchantCurrency]:
    """Every currency of a merchant, those that are taken no more among them. One SELECT."""
    return list(MerchantCurrency.objects.filter(merchant=merchant).order_by("currency"))


def has_key(key: str) -> bool:
    """Whether a merchant was taken in with this key. One SELECT."""
    return Merchant.objects.filter(key=key).exists()


def get_terms(merchant_id: uuid.UUID, currency: str) -> MerchantCurrency:
    """A merchant's terms in a currency, `merchant` with it; a Refusal (`currency_not_open`) when
    it takes no payments in it. One SELECT."""
    terms = MerchantCurrency.objects.select_related("merchant").filter(
        merchant_id=merchant_id, currency=currency
    )
    found = terms.first()
    if found is None:
        raise currency_not_open(merchant_id, currency)
    return found


def get_customer(customer_id: uuid.UUID) -> Customer:
    """A customer with his merchant; a Refusal (missing) when there is none. One SELECT."""
    found = Customer.objects.select_related("merchant").filter(pk=customer_id).first()
    if found is None:
        raise no_such_customer()
    return found


def list_merged(customer: Customer) -> list[Customer]:
    """The duplicates that were merged into a customer, oldest merge first. One SELECT."""
    return list(_select_merged(customer))


def _select_merged(customer: Customer) -> QuerySet[Customer]:
    return Customer.objects.filter(merged_into=customer).order_by("merged_at", "pk")


def known_ids(customer: Customer, merged: Iterable[Customer]) -> list[uuid.UUID]:
    """The keys that a customer goes by: his own, and those of what was merged into him."""
    return [customer.pk, *(one.pk for one in merged)]


def find_open_merges(customer_ids: Sequence[uuid.UUID]) -> list[Merge]:
    """The requests to merge any of these customers that wait for a decision. One SELECT."""
    return list(_select_open_merges(customer_ids))


def _select_open_merges(customer_ids: Sequence[uuid.UUID]) -> QuerySet[Merge]:
    about = Q(duplicate_id__in=customer_ids) | Q(survivor_id__in=customer_ids)
    rows = Merge.objects.filter(about, status=Merge.Status.AWAITING_APPROVAL)
    return rows.select_related("duplicate", "survivor").order_by("created_at", "pk")


def list_merges_of(customer_ids: Sequence[uuid.UUID]) -> list[Merge]:
    """The merges by which these duplicates became ones, with both customers. One SELECT."""
    rows = Merge.objects.filter(duplicate_id__in=customer_ids, status=Merge.Status.MERGED)
    return list(rows.select_related("duplicate", "survivor").order_by("settled_at", "pk"))


def find_open_splits(duplicate_ids: Sequence[uuid.UUID]) -> list[Split]:
    """The requests to take a merge of these duplicates back that wait. One SELECT."""
    rows = Split.objects.filter(
        merge__duplicate_id__in=duplicate_ids, status=Split.Status.AWAITING_APPROVAL
    )
    return list(rows.select_related("merge__duplicate", "merge__survivor").order_by("pk"))


def get_split(split_id: uuid.UUID) -> Split:
    """A request to take a merge back, with the merge and both customers. One SELECT.

    Raises a Refusal (missing).
    """
    rows = Split.objects.select_related("merge__duplicate__merchant", "merge__survivor__merchant")
    found = rows.filter(pk=split_id).first()
    if found is None:
        raise no_such_split()
    return found


def details_version(customer: Customer) -> str:
    """What tells whether the personal fields are still those that a person saw. No queries."""
    return fingerprint({name: getattr(customer, name) for name in PERSONAL_FIELDS})


def get_merge(merge_id: uuid.UUID) -> Merge:
    """A request to merge, with both customers and their merchant. Raises a Refusal (missing).

    One SELECT.
    """
    rows = Merge.objects.select_related("duplicate__merchant", "survivor__merchant")
    found = rows.filter(pk=merge_id).first()
    if found is None:
        raise no_such_merge()
    return found


def list_alike(customer: Customer) -> list[Customer]:
    """Other customers of the same merchant with the same address or number, newest first: ten, and
    one to tell that there are more. One SELECT, none where neither is known:
    `parties_customer_email` and `…_phone`."""
    alike = Q(pk__in=[])
    if customer.email_index:
        alike |= Q(email_index=customer.email_index)
    if customer.phone_index:
        alike |= Q(phone_index=customer.phone_index)
    rows = Customer.objects.filter(
        alike, merchant_id=customer.merchant_id, merged_into__isnull=True
    ).exclude(pk=customer.pk)
    return list(rows.select_related("merchant").order_by("-created_at", "pk")[: MOST_ALIKE + 1])


def list_cards(customer_ids: Sequence[uuid.UUID]) -> list[CardReference]:
    """The newest cards of a customer, at most 20 and one to tell that there are more. One SELECT.

    `parties_card_customer` finds them.
    """
    rows = CardReference.objects.filter(customer_id__in=customer_ids)
    return list(rows.order_by("-created_at", "-pk")[: MOST_CARDS + 1])


def find_customers_by_email(text: str) -> list[Customer]:
    """The customers with exactly this address, however it is spelt; newest first. One SELECT."""
    index = index_email(text)
    return _newest(Customer.objects.filter(email_index=index)) if index else []


def find_customers_by_phone(text: str) -> list[Customer]:
    """The customers with exactly these digits, however they are spaced. One SELECT."""
    index = index_phone(text)
    return _newest(Customer.objects.filter(phone_index=index)) if index else []


def find_customers_by_phones(texts: Sequence[str]) -> list[Customer]:
    """The customers with exactly the digits of one of these spellings. One SELECT."""
    indexes = {index for text in texts if (index := index_phone(text))}
    return _newest(Customer.objects.filter(phone_index__in=indexes)) if indexes else []


def find_customers_by_reference(reference: str) -> list[Customer]:
    """The customer of a public reference, if there is one. One SELECT."""
    return _newest(Customer.objects.filter(reference=reference))


def find_ids_by_reference(reference: str) -> list[uuid.UUID]:
    """The keys that the customer of a reference goes by, his duplicates' among them. One SELECT."""
    whose = Q(reference=reference) | Q(merged_into__reference=reference)
    return list(Customer.objects.filter(whose).order_by("pk").values_list("pk", flat=True))


def find_customers_by_id(customer_id: uuid.UUID) -> list[Customer]:
    """The customer of an id, if there is one. One SELECT."""
    return _newest(Customer.objects.filter(pk=customer_id))


def list_currencies() -> list[str]:
    """The currencies that any merchant takes. One SELECT of the merchants' terms."""
    rows = MerchantCurrency.objects.order_by("currency").values_list("currency", flat=True)
    return list(rows.distinct())


def _newest(customers: QuerySet[Customer]) -> list[Customer]:
    rows = customers.select_related("merchant").order_by("-created_at", "pk")
    return list(rows[:MOST_FOUND])


def reveal(customer: Customer, fields: Sequence[str] = PERSONAL_FIELDS) -> dict[str, str]:
    """Personal fields in the clear. Whoever shows them puts the look on record.

    Raises a Refusal (`customer_erased`) when the key is gone. One SELECT.
    """
    _check_fields(fields)
    key = find_data_keys([customer.pk]).get(customer.pk)
    if key is None:
        raise customer_erased(customer)
    return {field: unseal_field(customer, key, field) for field in fields}


@dataclass(frozen=True, slots=True)
class Shown:
    """A customer's personal fields, masked. Of one who was erased nothing is left to mask."""

    masks: Mapping[str, str]
    is_erased: bool


def show_masked(*customers: Customer) -> list[Shown]:
    """All personal fields of these customers for their page, in this order. One SELECT."""
    keys = find_data_keys([one.pk for one in customers])
    return [_shown(one, keys) for one in customers]


def _shown(customer: Customer, keys: Mapping[uuid.UUID, DataKey]) -> Shown:
    masks = _masked(customer, keys.get(customer.pk), PERSONAL_FIELDS)
    return Shown(masks, customer.pk not in keys)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the page of a customer tells beside his row: his fields masked, what was merged into
    him, and which requests to merge him wait."""

    shown: Shown
    merged: Sequence[Customer]
    merges: Sequence[Merge]


def look_beside(customer: Customer) -> Beside:
    """The same for one customer, with what was merged and what is to be. One SELECT."""
    merged, merges, keys = together(
        _select_merged(customer),
        _select_open_merges([customer.pk]),
        select_data_keys([customer.pk]),
    )
    return Beside(_shown(customer, open_data_keys(keys)), merged, merges)


def masked(customer: Customer, fields: Sequence[str] = PERSONAL_FIELDS) -> dict[str, str]:
    """Personal fields as anybody may see them: initials, first letters, last digits. One SELECT."""
    return masked_many([customer], fields)[customer.pk]


def masked_with(
    customer: Customer, keys: Mapping[uuid.UUID, DataKey], fields: Sequence[str] = PERSONAL_FIELDS
) -> dict[str, str]:
    """The same with data keys that are open already. No queries."""
    _check_fields(fields)
    return _masked(customer, keys.get(customer.pk), fields)


def masked_many(
    customers: Iterable[Customer], fields: Sequence[str] = PERSONAL_FIELDS
) -> dict[uuid.UUID, dict[str, str]]:
    """The same for the customers of a page, by id. One SELECT for all of them."""
    _check_fields(fields)
    rows = list(customers)
    keys = find_data_keys([customer.pk for customer in rows])
    return {row.pk: _masked(row, keys.get(row.pk), fields) for row in rows}


def _masked(customer: Customer, key: DataKey | None, fields: Sequence[str]) -> dict[str, str]:
    if key is None:
        return {field: _("erased") for field in fields}
    return {field: mask_field(field, unseal_field(customer, key, field)) for field in fields}


def _check_fields(fields: Sequence[str]) -> None:
    if strange := set(fields) - set(PERSONAL_FIELDS):
        raise ValueError(f"not personal fields: {sorted(strange)}")
