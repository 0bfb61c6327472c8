"""The connectors by name, as the settings list them (`GATEWAYS`)."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from audit.measures import CALLS
from payments.gateways.errors import Rejected, Unavailable, Unknown
from payments.gateways.protocol import Gateway
from payments.gateways.recording import Recorder

# What calls nobody is not counted.
LOCAL = {"verify_event"}


class NoSuchConnector(LookupError):
    """No connector has this name."""


def get_gateway(connector: str, about: uuid.UUID | None = None) -> Gateway:
    """The gateway of a connector; raises NoSuchConnector. Cheap: connections are pooled below.

    Its calls are counted, and put on record as `about` the payment with that id.
    """
    path = settings.GATEWAYS.get(connector)
    if path is None:
        raise NoSuchConnector(connector)
    counted = cast("Gateway", _Counted(connector, import_string(path).from_settings()))
    return cast("Gateway", Recorder(counted, connector, about))


class _Counted:
    """A gateway whose calls are counted by how they ended."""

    def __init__(self, connector: str, gateway: Gateway) -> None:
        self._connector = connector
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name in LOCAL or not callable(found):
            return found
        return _counted(found, self._connector, name)


def _counted(call: Callable[..., Any], connector: str, operation: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def counted(*args: Any, **kwargs: Any) -> Any:
        outcome = "failed"
        try:
            answer = call(*args, **kwargs)
            outcome = "answered"
        except Rejected:
            outcome = "rejected"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        except Unknown:
            outcome = "unknown"
            raise
        finally:
            CALLS.labels(connector, operation, outcome).inc()
        return answer

    return counted
