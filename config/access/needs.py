"""What waits for who decides about access."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import needs
from audit.actor import Actor
from audit.needs import Need, shaped
from config.access.models import User
from config.access.roles import ASSIGN

NAME = Coalesce(NullIf("name", Value("")), "email", output_field=CharField())


def without_role(_actor: Actor, _now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """People with an account to whom nothing is open yet."""
    rows = User.objects.filter(is_active=True, is_superuser=False, groups__isnull=True)
    return [shaped(rows, words=NAME, since="date_joined")]


def _page(user_id: uuid.UUID) -> str:
    return reverse("admin:access_user_change", args=[user_id])


def register() -> None:
    """Put it on the home page of access administrators."""
    needs.register(
        Need(
            "without_role",
            _("People without a role"),
            "user-round-x",
            ("access.view_user", ASSIGN),
            without_role,
            _page,
        )
    )
