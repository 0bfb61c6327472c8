"""Taking in what providers tell, and keeping our accounts with them."""

from payments.gateways.commands.accounts import (
    create_account,
    disable_account,
    enable_account,
    record_trial,
    replace_api_key,
    replace_webhook_secret,
    request_trial,
)
from payments.gateways.commands.events import (
    map_word,
    receive_event,
    record_call,
    replay_event,
    replay_events,
    settle_event,
)

__all__ = [
    "create_account",
    "disable_account",
    "enable_account",
    "map_word",
    "receive_event",
    "record_call",
    "record_trial",
    "replace_api_key",
    "replace_webhook_secret",
    "replay_event",
    "replay_events",
    "request_trial",
    "settle_event",
]
