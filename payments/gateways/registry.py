"""The connectors by name, as the settings list them (`GATEWAYS`)."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from payments.gateways.protocol import Gateway


class NoSuchConnector(LookupError):
    """No connector has this name."""


def get_gateway(connector: str) -> Gateway:
    """The gateway of a connector; raises NoSuchConnector. Cheap: connections are pooled below."""
    path = settings.GATEWAYS.get(connector)
    if path is None:
        raise NoSuchConnector(connector)
    gateway: Gateway = import_string(path).from_settings()
    return gateway
