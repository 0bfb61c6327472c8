"""The session of a browser: sealed in the database, with an idle and an absolute limit."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError, connection

from audit import clock, outcomes
from audit.encryption import DecryptionFailed, seal_secret, unseal_secret
from audit.outcomes import Ending

logger = logging.getLogger(__name__)

STARTED, SEEN, PROVED = "started_at", "seen_at", "proved_at"
STEP_S = 60
"""The last use is written at most once a minute, so that reading costs no write."""
ATTEMPTS = 8
PLACE = "sessions.session"


def is_over(data: Mapping[str, Any], now: datetime) -> bool:
    """Whether a signed-in session was left alone for too long, or is simply too old."""
    started, seen = data.get(STARTED), data.get(SEEN)
    if started is None or seen is None:
        return False
    at = now.timestamp()
    idle, whole = at - int(seen), at - int(started)
    return bool(idle > settings.SESSION_IDLE_S or whole > settings.SESSION_COOKIE_AGE)


class SessionStore(DatabaseStore):
    """Django's database session, whose save survives another request at the same row."""

    def start(self) -> None:
        """Somebody signed in: from now on both limits count."""
        self[STARTED] = self[SEEN] = int(clock.now().timestamp())

    def prove(self) -> None:
        """The person has just shown who he is: by signing in, or by being asked again."""
        self[PROVED] = int(clock.now().timestamp())

    @property
    def is_proved(self) -> bool:
        """Whether that was within the last `STEP_UP_S`."""
        ago = clock.now().timestamp() - int(self.get(PROVED, 0))
        return bool(ago <= settings.STEP_UP_S)

    def touch(self, step_s: int = STEP_S) -> None:
        """Somebody uses a session he is signed in with."""
        now = int(clock.now().timestamp())
        if STARTED not in self:
            self.start()
        elif now - self[SEEN] >= step_s:
            self[SEEN] = now

    @property
    def left(self) -> dict[str, int]:
        """Seconds until this session ends: left alone, and in any case."""
        now = int(clock.now().timestamp())
        return {
            "idle_s": max(0, settings.SESSION_IDLE_S - (now - int(self.get(SEEN, now)))),
            "whole_s": max(0, settings.SESSION_COOKIE_AGE - (now - int(self.get(STARTED, now)))),
        }

    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        if not is_over(data, clock.now()):
            return data
        self.delete(self.session_key)
        self._session_key = None
        return {}

    def save(self, must_create: bool = False) -> None:
        for attempt in range(ATTEMPTS):
            try:
                self.write(must_create=must_create)
            except UpdateError as error:
                # Two requests of one browser: the second would be told 400 after its work is done.
                is_last = attempt == ATTEMPTS - 1 or connection.in_atomic_block
                ending = outcomes.of(error)
                if ending is Ending.LOST or (is_last and ending is Ending.CONFLICT):
                    # The session is there: it is the database that is not.
                    met = error.__context__ or error
                    raise met from met.__cause__
                if ending is not Ending.CONFLICT:
                    raise
                time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311
            else:
                return

    def write(self, *, must_create: bool) -> None:
        """Save once. A change is one UPDATE: BEGIN and COMMIT around it would be two waits more."""
        if must_create or self.session_key is None or connection.in_atomic_block:
            super().save(must_create=must_create)
            return
        row = self.create_model_instance(dict(self.items()))
        try:
            row.save(force_update=True)
        except DatabaseError as error:
            raise UpdateError from error

    def encode(self, session_dict: dict[str, Any]) -> str:
        """A session knows its person's address and, while one enrols, the seed of the codes."""
        return seal_secret(json.dumps(session_dict, separators=(",", ":")), place=PLACE)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        token = session_data if isinstance(session_data, str) else session_data.decode()
        try:
            found: dict[str, Any] = json.loads(unseal_secret(token, place=PLACE))
        except (DecryptionFailed, ValueError):
            logger.warning("a session could not be read; its person signs in again")
            return {}
        return found
