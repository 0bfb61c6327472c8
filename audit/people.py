"""A person as an actor when no request brought him: what he asked for goes on in the background."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.utils.module_loading import import_string

from audit.actor import Actor


def find_person(user_id: uuid.UUID, request_id: str) -> Actor | None:
    """The person with what he holds now, in the request he made; None when he may not sign in."""
    found: Actor | None = import_string(settings.COMPTOIR_PERSON)(user_id, request_id)
    return found
