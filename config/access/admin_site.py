"""The administration: entered through the same door as everything else."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.admin import GuardedAdmin


class AdminSite(admin.AdminSite):
    """Shows only what is built on `GuardedAdmin`; the admin classes of third parties stay out."""

    site_header = _("Comptoir administration")
    site_title = _("Administration")
    index_title = _("Administration")
    site_url = None

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Django's own form would let anybody past the second factor."""
        response: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return response

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Under the words of the house: what Django calls a group is a role here."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            for told in app["models"]:
                model_admin = self._registry.get(told["model"])
                told["name"] = getattr(model_admin, "menu_label", told["name"])
        return _with_people(apps)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        if admin_class is not None and issubclass(admin_class, GuardedAdmin):
            super().register(model_or_iterable, admin_class, **options)


def _with_people(apps: list[Any]) -> list[Any]:
    """Roles stand beside people, not in a part of their own."""
    found = {app["app_label"]: app for app in apps}
    people, roles = found.get("access"), found.get("auth")
    if people is None or roles is None:
        return apps
    people["models"] = [*people["models"], *roles["models"]]
    return [app for app in apps if app is not roles]
