"""How the record reads: a sentence for each event (`config/sentences.py`), a name for each role, a
page for each object. One table for all apps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.keyset import key_begins_with
from audit.reading import ObjectPage, Reading, role_label
from config.access.roles import TABLE
from config.access.snapshot import SUPERUSER
from config.access.words import say_code
from config.fields import FIELDS
from config.sentences import SENTENCES

REFERENCE_DIGITS = 8
"""Of a person's id, in his reference."""

AREAS: dict[str, Any] = {
    "payments": _("Payments and refunds"),
    "approvals": _("Approvals"),
    "notes": _("Notes and tags"),
    "parties": _("Merchants and customers"),
    "gateways": _("Providers, their accounts and events"),
    "webhooks": _("Webhooks"),
    "ledger": _("Ledger"),
    "access": _("People, sign-in, and looks at data"),
    "auth": _("Roles"),
    "mfa": _("Second factors"),
    "account": _("Addresses of people"),
    "usersessions": _("Sessions"),
    "outbox": _("Background work"),
    "jobs": _("Long work"),
    "lists": _("Saved views"),
    "idempotency": _("Keys of repeated calls"),
    "api": _("The API and its keys"),
    "audit": _("The record itself"),
}


def _by(label: str) -> Callable[[str], models.Model | None]:
    """Finds by the model's unique column `reference`."""

    def find(reference: str) -> models.Model | None:
        rows = apps.get_model(label)._default_manager.filter(reference=reference)
        found: models.Model | None = rows.order_by("pk").first()
        return found

    return find


def _person(reference: str) -> models.Model | None:
    """By the first eight digits of his id, all of them."""
    from config.access.models import User

    digits = reference.partition("-")[2]
    if len(digits) != REFERENCE_DIGITS:
        return None
    return User.objects.filter(key_begins_with(digits)).order_by("pk").first()


def _role(text: str) -> str:
    """A role by its code; one SELECT for one that is named by its key."""
    if not text.isdecimal():
        return role_label(text)
    name = Group.objects.filter(pk=int(text)).values_list("name", flat=True).first()
    return role_label(name) if name else text


def _person_of(key: str) -> str:
    """The reference of a person by his key."""
    return f"U-{key[:REFERENCE_DIGITS].upper()}"


READING = Reading(
    events=SENTENCES,
    areas=AREAS,
    fields=FIELDS,
    names={"auth.group": _role, "auth.permission": say_code, "access.user": _person_of},
    roles={SUPERUSER: _("superuser"), **{role.code: role.label for role in TABLE}},
    pages={
        "payments.payment": ObjectPage("payments:detail", "payments.view_payment"),
        "parties.customer": ObjectPage("parties:customer", "parties.view_customer"),
        "parties.merchant": ObjectPage("admin:parties_merchant_change", "parties.view_merchant"),
        "approvals.approval": ObjectPage("approvals:detail", "approvals.view_approval"),
        "access.user": ObjectPage("admin:access_user_change", "access.view_user"),
        "auth.group": ObjectPage("admin:auth_group_change", "auth.view_group"),
        "jobs.job": ObjectPage("jobs:detail", "jobs.view_job"),
        "gateways.inboundevent": ObjectPage("gateways:event", "gateways.view_inboundevent"),
        "webhooks.endpoint": ObjectPage("webhooks:endpoint", "webhooks.view_endpoint"),
        "webhooks.delivery": ObjectPage("webhooks:delivery", "webhooks.view_delivery"),
        "audit.logentry": ObjectPage("log:entry", "audit.view_logentry"),
    },
    references={
        "P": _by("payments.Payment"),
        "R": _by("payments.Refund"),
        "X": _by("payments.Correction"),
        "M": _by("parties.Merchant"),
        "C": _by("parties.Customer"),
        "K": _by("api.ApiKey"),
        "W": _by("webhooks.Endpoint"),
        "U": _person,
    },
)
