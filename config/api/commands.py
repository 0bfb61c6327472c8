"""Making, rotating and revoking keys of the API."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.command import command
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from config.api.models import ApiKey
from config.api.policy import Secret, check_expiry, check_giver, check_open, check_scopes
from payments.parties.errors import no_such_merchant
from payments.parties.models import Merchant
from payments.parties.steps import make_reference

USED_EVERY = timedelta(minutes=10)


@command("api.key.created")
def create_api_key(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    name: str,
    scopes: Sequence[str],
    secret_hint: str,
    secret_digest: str,
    is_live: bool = False,
    expires_at: datetime | None = None,
    key: str,
) -> ApiKey:
    """Make a key whose secret the caller has made (`policy.new_secret`) and shows once.

    Refuses a live key for a merchant that is not live, scopes that are not in the table, and those
    that move money from a person who may not move it. The same key again returns the first one,
    whose secret nobody can show any more. Two SELECTs.
    """
    if (made := work.replay(ApiKey)) is not None:
        return made
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), no_such_merchant())
    if is_live and not merchant.is_live:
        raise Refusal("merchant_not_live", _("This merchant is not live yet."), about=merchant)
    check_expiry(expires_at, work.now)
    given = check_scopes(scopes)
    check_giver(work.actor, given)
    made = ApiKey(
        key=key,
        fingerprint=work.fingerprint,
        merchant=merchant,
        reference=make_reference("K"),
        name=clean_text(name, field="name", most=80, required=True),
        is_live=is_live,
        hint=secret_hint[:20],
        digest=secret_digest,
        scopes=given,
        created_at=work.now,
        created_by_id=_person(work),
        expires_at=expires_at,
    )
    work.add(made)
    return made


def _person(work: Work) -> uuid.UUID | None:
    return work.actor.user_id if work.actor.kind is ActorKind.USER else None


@command("api.key.rotated")
def rotate_api_key(
    work: Work,
    *,
    key_id: uuid.UUID,
    secret_hint: str,
    secret_digest: str,
    overlap_hours: int,
    key: str,
) -> ApiKey:
    """A successor with the same name and scopes; the old key works for `overlap_hours` more.

    A repeat with the same key returns the successor. Two SELECTs.
    """
    if (made := work.replay(ApiKey)) is not None:
        return made
    old = _load(work, key_id)
    check_open(old, work.now)
    check_giver(work.actor, old.scopes)
    if not 0 <= overlap_hours <= 24 * 30:
        raise Refusal("overlap_invalid", _("The overlap is at most 30 days."))
    ends_at = work.now + timedelta(hours=overlap_hours)
    successor = ApiKey(
        key=key,
        fingerprint=work.fingerprint,
        merchant_id=old.merchant_id,
        reference=make_reference("K"),
        name=old.name,
        is_live=old.is_live,
        hint=secret_hint[:20],
        digest=secret_digest,
        scopes=old.scopes,
        created_at=work.now,
        created_by_id=_person(work),
        replaces=old,
    )
    work.add(successor)
    if old.expires_at is None or old.expires_at > ends_at:
        work.change(old, expires_at=ends_at)
    return successor


@command("api.key.revoked")
def revoke_api_key(work: Work, *, key_id: uuid.UUID) -> ApiKey:
    """Close a key at once. A repeat changes nothing."""
    old = _load(work, key_id)
    if old.revoked_at is None:
        work.change(old, revoked_at=work.now)
    return old


@command("api.key.used")
def note_use(work: Work, *, key_id: uuid.UUID) -> None:
    """Remember that a key was used, to some minutes."""
    found = _load(work, key_id)
    if found.last_used_at is None or found.last_used_at < work.now - USED_EVERY:
        work.change(found, last_used_at=work.now)


def _load(work: Work, key_id: uuid.UUID) -> ApiKey:
    missing = Refusal("key_missing", _("There is no such key."), Kind.MISSING)
    return work.load_one(ApiKey.objects.filter(pk=key_id), missing)


def make_secret_arguments(secret: Secret) -> dict[str, Any]:
    """What the commands keep of a secret."""
    return {"secret_hint": secret.hint, "secret_digest": secret.digest}
