"""Finding keys."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import reads
from audit.errors import Kind, Refusal
from config.api.models import ApiKey
from config.api.policy import digest_of, looks_like_key


def find_by_secret(text: str) -> ApiKey | None:
    """The key of a secret, with its merchant, closed or not. One SELECT; none for no key at all."""
    if not looks_like_key(text):
        return None
    found = reads.find(reads.Wanted(ApiKey, {"digest": digest_of(text)}, also=("merchant",)))
    return found[0] if found else None


def get_key(key_id: uuid.UUID) -> ApiKey:
    """A key with its merchant; a Refusal (missing) when there is none. One SELECT."""
    found = ApiKey.objects.select_related("merchant", "created_by").filter(pk=key_id).first()
    if found is None:
        raise Refusal("key_missing", _("There is no such key."), Kind.MISSING)
    return found


def list_keys() -> QuerySet[ApiKey]:
    """All keys with their merchants, newest first; the caller pages."""
    rows = ApiKey.objects.select_related("merchant", "created_by")
    return rows.order_by("-created_at", "-pk")
