"""What providers tell us, how we call them, and through which accounts."""

from payments.gateways.models.accounts import ConnectorAccount
from payments.gateways.models.inbound import InboundEvent, Mapping, ProviderCall
from payments.gateways.models.routes import Route

__all__ = ["ConnectorAccount", "InboundEvent", "Mapping", "ProviderCall", "Route"]
