"""How a person is known, and where his permissions come from."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's sign-in by address; permissions come from roles alone."""

    def _get_user_permissions(self, user_obj: Any) -> QuerySet[Permission]:
        return Permission.objects.none()
