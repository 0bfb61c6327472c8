"""Making and changing where a merchant's system is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.command import command
from audit.encryption import seal_secret, unseal_secret
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from payments.parties.errors import no_such_merchant
from payments.parties.models import Merchant
from payments.parties.steps import make_reference
from payments.webhooks import registry
from payments.webhooks.addresses import read_target
from payments.webhooks.errors import endpoint_changed, endpoint_disabled, no_such_endpoint
from payments.webhooks.models import Delivery, Endpoint, Health
from payments.webhooks.policy import (
    EDITED,
    OVERLAPS_H,
    TEST,
    changed_since,
    check_types,
    new_secret,
)
from payments.webhooks.presenting import ENDPOINT
from payments.webhooks.registry import About
from payments.webhooks.steps import add_event

MOST_ENDPOINTS = 20
Reason = Endpoint.Reason


@command("webhooks.endpoint.created")
def create_endpoint(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    url: str,
    types: Sequence[str],
    description: str = "",
    is_live: bool = False,
    key: str,
) -> Endpoint:
    """Have a merchant's events of one mode sent to an address; no `types`: all of them.

    The secret is made here, sealed; `presenting.open_secret` shows it to whoever made it. Refuses
    an address that is not a public https one, a type there is not, the twenty-first endpoint.
    The same key again returns the first. Three SELECTs.
    """
    if (made := work.replay(Endpoint)) is not None:
        return made
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), no_such_merchant())
    if is_live and not merchant.is_live:
        raise Refusal("merchant_not_live", _("This merchant is not live yet."), about=merchant)
    read_target(url)
    _check_room(merchant_id, is_live=is_live)
    endpoint = Endpoint(
        key=key,
        fingerprint=work.fingerprint,
        merchant=merchant,
        reference=make_reference("W"),
        is_live=is_live,
        url=url,
        description=clean_text(description, field="description", most=120),
        types=check_types(types, registry.offered()),
        created_at=work.now,
        created_by_id=work.actor.user_id if work.actor.kind is ActorKind.USER else None,
    )
    endpoint.secret = seal_secret(new_secret(), place=endpoint.place_of_secret())
    work.add(endpoint, Health(endpoint=endpoint))
    return endpoint


def _check_room(merchant_id: uuid.UUID, *, is_live: bool) -> None:
    rows = Endpoint.objects.filter(merchant_id=merchant_id, is_live=is_live)
    open_ones = rows.exclude(reason=Reason.REMOVED)[:MOST_ENDPOINTS]
    if len(open_ones.values_list("pk")) >= MOST_ENDPOINTS:
        message = _("A merchant has at most %(most)s endpoints.") % {"most": MOST_ENDPOINTS}
        raise Refusal("webhook_endpoints_many", message, Kind.CONFLICT)


@command("webhooks.endpoint.changed")
def update_endpoint(
    work: Work,
    *,
    endpoint_id: uuid.UUID,
    url: str | None = None,
    types: Sequence[str] | None = None,
    description: str | None = None,
    seen: str = "",
) -> Endpoint:
    """Change what is given. The same again changes nothing.

    `seen` is what a person saw of it (`policy.seen_of`): anything else by now is a conflict.
    """
    endpoint = _load(work, endpoint_id)
    wanted: dict[str, Any] = {}
    if url is not None:
        read_target(url)
        wanted["url"] = url
    if types is not None:
        wanted["types"] = check_types(types, registry.offered())
    if description is not None:
        wanted["description"] = clean_text(description, field="description", most=120)
    changed = {name: value for name, value in wanted.items() if getattr(endpoint, name) != value}
    if changed:
        if seen and (others := changed_since(endpoint, seen)):
            raise endpoint_changed(EDITED[name] for name in others)
        work.change(endpoint, **changed)
    return endpoint


@command("webhooks.endpoint.rotated")
def rotate_secret(
    work: Work, *, endpoint_id: uuid.UUID, overlap_hours: int, version: int
) -> Endpoint:
    """A new secret; the old one signs too for `overlap_hours`.

    `version` is what the person saw: a secret that was rotated since is left alone, so that a
    repeat makes no third one.
    """
    endpoint = _load(work, endpoint_id)
    if endpoint.version != version:
        work.was_replayed = True
        return endpoint
    if overlap_hours not in OVERLAPS_H:
        raise Refusal("overlap_invalid", _("The overlap is at most 30 days."), field="overlap")
    old = unseal_secret(endpoint.secret, place=endpoint.place_of_secret())
    ends_at = work.now + timedelta(hours=overlap_hours) if overlap_hours else None
    place = endpoint.place_of_old_secret()
    work.change(
        endpoint,
        secret=seal_secret(new_secret(), place=endpoint.place_of_secret()),
        old_secret=seal_secret(old, place=place) if ends_at else "",
        old_secret_until=ends_at,
        version=endpoint.version + 1,
    )
    return endpoint


@command("webhooks.endpoint.disabled")
def disable_endpoint(
    work: Work, *, endpoint_id: uuid.UUID, reason: str = Reason.BY_PERSON
) -> Endpoint:
    """Nothing is sent there any more. A repeat changes nothing; one that is removed stays so."""
    endpoint = _load(work, endpoint_id)
    if endpoint.is_enabled or (reason == Reason.REMOVED != endpoint.reason):
        work.change(endpoint, status=Endpoint.Status.DISABLED, reason=reason, disabled_at=work.now)
    return endpoint


@command("webhooks.endpoint.enabled")
def enable_endpoint(work: Work, *, endpoint_id: uuid.UUID) -> Endpoint:
    """Have it told again, also of what waited meanwhile. A repeat changes nothing."""
    endpoint = _load(work, endpoint_id)
    if not endpoint.is_enabled:
        work.change(endpoint, status=Endpoint.Status.ENABLED, reason="", disabled_at=None)
        health = work.load_one(Health.objects.filter(endpoint_id=endpoint_id))
        work.change(health, failing_since=None, paused_until=None)
    return endpoint


@command("webhooks.endpoint.tested")
def send_test(work: Work, *, endpoint_id: uuid.UUID, version: int) -> Delivery | None:
    """Send an event of type `webhook.test` about the endpoint itself, whatever it listens to.

    `version` is what the person saw, so that a double click sends one; None for the second.
    """
    endpoint = _load(work, endpoint_id)
    if not endpoint.is_enabled:
        raise endpoint_disabled()
    if endpoint.version != version:
        work.was_replayed = True
        return None
    about = About(ENDPOINT, endpoint, endpoint.merchant_id, endpoint.is_live)
    event = add_event(work, about, TEST)
    # For this endpoint alone.
    work.change(event, is_announced=True)
    delivery = Delivery(
        event=event, endpoint=endpoint, type=TEST, next_at=work.now, created_at=work.now
    )
    work.add(delivery)
    return delivery


def _load(work: Work, endpoint_id: uuid.UUID) -> Endpoint:
    endpoint = work.load_one(Endpoint.objects.filter(pk=endpoint_id), no_such_endpoint())
    if endpoint.reason == Reason.REMOVED:
        raise no_such_endpoint()
    return endpoint
