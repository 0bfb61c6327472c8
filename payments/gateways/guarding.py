"""Calls through an account pass its gate: none while it is left in peace, never too many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from audit import clock
from payments.gateways.breaker import State, gate_of, is_silence, state_of
from payments.gateways.commands.breakers import close_breaker, open_breaker
from payments.gateways.errors import GatewayError
from payments.gateways.models import ConnectorAccount
from payments.gateways.protocol import Gateway
from payments.gateways.recording import RECORDED


class Guarded:
    """A gateway behind its account's gate. Raises Held (Unavailable) instead of calling."""

    def __init__(self, gateway: Gateway, account: ConnectorAccount) -> None:
        self._gateway = gateway
        self._account = account

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._gateway, name)
        return partial(self._call, method) if name in RECORDED else method

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        state = state_of(self._account, clock.now())
        gate = gate_of(str(self._account.pk))
        gate.enter(state)
        answered = True
        try:
            return method(*args, **kwargs)
        except GatewayError as error:
            answered = not is_silence(error)
            raise
        finally:
            self._follow(gate.leave(state, answered=answered))

    def _follow(self, state: State | None) -> None:
        if state is State.OPEN:
            open_breaker(account_id=self._account.pk)
        elif state is State.CLOSED:
            close_breaker(account_id=self._account.pk)
