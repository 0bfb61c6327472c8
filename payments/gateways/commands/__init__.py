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
from payments.gateways.commands.breakers import close_breaker, open_breaker
from payments.gateways.commands.events import (
    close_event,
    map_word,
    receive_event,
    record_call,
    replay_event,
    replay_events,
    settle_event,
)
from payments.gateways.commands.routes import end_route, set_route

__all__ = [
    "close_breaker",
    "close_event",
    "create_account",
    "disable_account",
    "enable_account",
    "end_route",
    "map_word",
    "open_breaker",
    "receive_event",
    "record_call",
    "record_trial",
    "replace_api_key",
    "replace_webhook_secret",
    "replay_event",
    "replay_events",
    "request_trial",
    "set_route",
    "settle_event",
]
