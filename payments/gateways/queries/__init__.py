"""Reading what providers told, and which accounts we have with them."""

from payments.gateways.queries.accounts import (
    find_accounts,
    get_account,
    list_accounts,
    list_accounts_of,
    list_all_accounts,
    list_open_accounts,
)
from payments.gateways.queries.events import (
    NO_FIT,
    NOT_OURS,
    UNKNOWN_TYPE,
    PutAside,
    advice_on,
    find_meaning,
    find_type,
    get_event,
    list_events,
    list_mappings,
    list_put_aside,
)

__all__ = [
    "NOT_OURS",
    "NO_FIT",
    "UNKNOWN_TYPE",
    "PutAside",
    "advice_on",
    "find_accounts",
    "find_meaning",
    "find_type",
    "get_account",
    "get_event",
    "list_accounts",
    "list_accounts_of",
    "list_all_accounts",
    "list_events",
    "list_mappings",
    "list_open_accounts",
    "list_put_aside",
]
