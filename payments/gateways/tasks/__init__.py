"""What the workers do for the providers' sake. Importing these registers the handlers."""

from payments.gateways.tasks import events, trials

__all__ = ["events", "trials"]
