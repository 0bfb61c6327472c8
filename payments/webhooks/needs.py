"""Endpoints that were given up: a merchant's system hears nothing until somebody sees to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import needs
from audit.actor import Actor
from audit.needs import Need, shaped
from payments.webhooks.models import Endpoint


def given_up(_actor: Actor, _now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """Endpoints that no person disabled."""
    rows = Endpoint.objects.filter(
        status=Endpoint.Status.DISABLED,
        reason__in=(Endpoint.Reason.GONE, Endpoint.Reason.FAILING),
    )
    return [shaped(rows, words="reference", since="disabled_at")]


def _page(endpoint_id: uuid.UUID) -> str:
    return reverse("webhooks:endpoint", args=[endpoint_id])


def register() -> None:
    """Put it on the home page of who may enable them again."""
    needs.register(
        Need(
            "webhooks_given_up",
            _("Webhook endpoints that were given up"),
            "webhook-off",
            ("webhooks.view_endpoint", "webhooks.change_endpoint"),
            given_up,
            _page,
            lambda: reverse("webhooks:endpoints"),
            place=45,
        )
    )
