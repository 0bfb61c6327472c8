"""What workers do for payments: call the provider, follow its events, ask again, let go."""

from payments.tasks import days, events, resolve, send

__all__ = ["days", "events", "resolve", "send"]
