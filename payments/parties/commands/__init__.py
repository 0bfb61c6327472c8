"""Taking merchants, customers and cards in, keeping customers right, and merging duplicates."""

from payments.parties.commands.cards import add_card
from payments.parties.commands.customers import create_customer, update_customer
from payments.parties.commands.merchants import add_currency, create_merchant
from payments.parties.commands.merges import (
    approve_merge,
    lapse_merge,
    reject_merge,
    request_merge,
    withdraw_merge,
)
from payments.parties.commands.splits import (
    approve_split,
    lapse_split,
    reject_split,
    request_split,
    withdraw_split,
)

__all__ = [
    "add_card",
    "add_currency",
    "approve_merge",
    "approve_split",
    "create_customer",
    "create_merchant",
    "lapse_merge",
    "lapse_split",
    "reject_merge",
    "reject_split",
    "request_merge",
    "request_split",
    "update_customer",
    "withdraw_merge",
    "withdraw_split",
]
