"""People and roles, for those who decide who may do what."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.internal.flows.password_reset import request_password_reset
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit import log
from audit.admin import GuardedAdmin
from config.access import policy
from config.access.forms import AskedForm, PersonForm, RoleForm
from config.access.models import User
from config.access.policy import Refused
from config.access.roles import ROLES

SELF = Refused("own_roles", policy.SELF)
SUPERUSER = Refused("superuser", policy.SUPERUSER_ONLY)
ADDRESS = Refused("address", policy.ADDRESS)


class AskedAdmin(GuardedAdmin):
    """Gives its form the person who asks and what is locked for him."""

    def locked_fields(self, request: HttpRequest, obj: Any) -> dict[str, Refused]:
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *self.locked_fields(request, obj))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[AskedForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        told = {"request": request, "locked": self.locked_fields(request, obj)}
        asked: type[AskedForm] = type(form.__name__, (form,), told)
        return asked


@admin.register(User)
class PersonAdmin(AskedAdmin):
    form = PersonForm
    list_display = ("name", "reference", "roles", "is_active", "is_staff", "last_login")
    list_display_links = ("name", "reference")
    list_filter = ("is_active", "is_staff", "groups")
    ordering = ("name", "pk")
    readonly_fields = ("reference", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("reference", "email", "name", "last_login", "date_joined")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name")}),
        (_("Access"), {"fields": ("is_staff", "is_superuser", "groups")}),
    )
    change_form_template = "access/person.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            self.fieldsets, kept = self.add_fieldsets, self.fieldsets
            try:
                return super().get_fieldsets(request, obj)
            finally:
                self.fieldsets = kept
        return super().get_fieldsets(request, obj)

    @admin.display(description=_("roles"))
    def roles(self, person: User) -> str:
        names = [
            ROLES[one.name].label if one.name in ROLES else one.name for one in person.groups.all()
        ]
        return ", ".join(str(name) for name in names)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever could change a superuser could become one."""
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def locked_fields(self, request: HttpRequest, obj: Any) -> dict[str, Refused]:
        locked: dict[str, Refused] = {}
        if not _is_superuser(request):
            locked["is_superuser"] = SUPERUSER
            if obj is not None:
                # A new address and a reset mail to it would be the account itself.
                locked["email"] = ADDRESS
        if obj is not None and obj.pk == request.user.pk:
            locked |= dict.fromkeys(("groups", "is_superuser", "is_staff", "is_active"), SELF)
        return locked

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        obj.keep_address()
        if not change:
            _send_reset(request, obj)

    def get_urls(self) -> list[URLPattern]:
        reset = path(
            "<path:object_id>/reset-mail/",
            self.admin_site.admin_view(require_POST(self.reset_mail_view)),
            name="access_user_reset_mail",
        )
        return [reset, *super().get_urls()]

    def reset_mail_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Mail the person a link with which he sets a new password."""
        person = self.get_object(request, object_id)
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person.is_active:
            _send_reset(request, person)
            messages.success(request, _("A mail is on its way."))
        else:
            messages.error(request, _("This account is not active."))
        return HttpResponseRedirect(reverse("admin:access_user_change", args=[person.pk]))


@admin.register(Group)
class RoleAdmin(AskedAdmin):
    form = RoleForm
    list_display = ("label", "about", "count")
    ordering = ("name",)
    fieldsets = ((None, {"fields": ("name", "about", "permissions")}),)
    readonly_fields = ("about",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("permissions")

    @admin.display(description=_("role"), ordering="name")
    def label(self, group: Group) -> str:
        role = ROLES.get(group.name)
        return str(role.label) if role else group.name

    @admin.display(description=_("about"))
    def about(self, group: Group) -> str:
        role = ROLES.get(group.name or "")
        return str(role.about) if role else str(_("Made by an administrator."))

    @admin.display(description=_("permissions"))
    def count(self, group: Group) -> int:
        return len(group.permissions.all())

    def locked_fields(self, request: HttpRequest, obj: Any) -> dict[str, Refused]:
        if obj is None:
            return {}
        locked: dict[str, Refused] = {}
        if obj.name in ROLES:
            locked["name"] = Refused("role_name", policy.ROLE_NAME)
        if obj.user_set.filter(pk=request.user.pk).exists():
            locked["permissions"] = SELF
        return locked


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _send_reset(request: HttpRequest, person: User) -> None:
    make = account_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    request_password_reset(request, person.email, [person], make)
    log.record("access.reset_mail_sent", obj=person)
