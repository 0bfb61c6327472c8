"""What workers do for payments: call the provider, follow its events, ask again, let go."""

from payments.tasks import bulk, days, events, exports, intents, resolve, send

__all__ = ["bulk", "days", "events", "exports", "intents", "resolve", "send"]
