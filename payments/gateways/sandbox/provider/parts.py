from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import Clock
from .errors import CallError
from .faults import Faults
from .fields import Fields
from .idempotency import KeysInFlight
from .plans import Plans
from .sender import Sender
from .store import Store

# Clocks differ a little; what is older than this is the past, whose events are not delivered.
PAST_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running provider is made of."""

    store: Store
    clock: Clock
    faults: Faults
    keys: KeysInFlight
    sender: Sender
    plans: Plans

    def moment_of(self, fields: Fields) -> tuple[datetime, bool]:
        """When a call happens, and whether it belongs to the past."""
        now = self.clock.now()
        occurred_at = fields.instant("occurred_at")
        if occurred_at is None:
            return now, False
        if occurred_at > now + PAST_AFTER:
            raise CallError(422, "occurred_at_in_future", "occurred_at lies in the future.")
        return occurred_at, occurred_at < now - PAST_AFTER
