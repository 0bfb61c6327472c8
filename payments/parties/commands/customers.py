"""Taking customers in, and keeping what is known of them right."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.data_keys import find_data_keys
from audit.encryption import new_data_key
from audit.models import SubjectKey
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import Customer, Merchant
from payments.parties.queries import details_version
from payments.parties.sealing import seal_fields, unseal_field
from payments.parties.steps import make_reference


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
    reason: str = "",
    ticket: str = "",
    seen: str = "",
) -> Customer:
    """Change the personal fields that are given; None leaves one as it is, "" empties it.

    `seen` is what the person saw of the details (`queries.details_version`): others by now are a
    conflict. `reason` and `ticket` stand beside the change in the log; they are codes. A repeat
    changes nothing. Raises a conflict when the customer was erased or merged. Two SELECTs.
    """
    customer = work.load_one(Customer.objects.filter(pk=customer_id), errors.no_such_customer())
    given = {"name": name, "email": email, "phone": phone, "address": address}
    key = find_data_keys([customer.pk]).get(customer.pk)
    if key is None:
        raise errors.customer_erased(customer)
    if customer.merged_into_id is not None:
        raise errors.customer_merged(customer)
    values = {
        field: policy.CLEANERS[field](text) for field, text in given.items() if text is not None
    }
    changed = {
        field: value
        for field, value in values.items()
        if value != unseal_field(customer, key, field)
    }
    if not changed:
        return customer
    if seen and seen != details_version(customer):
        raise errors.details_changed(customer)
    work.change(customer, **seal_fields(customer.pk, key, changed))
    if reason:
        facts = {"reason": reason, "fields": sorted(changed)} | (
            {"ticket": ticket} if ticket else {}
        )
        work.record("parties.customer.reason", obj=customer, data=facts)
    return customer
