"""People and roles, for those who decide who may do what."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter as sessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit import log
from audit.admin import GuardedAdmin, request_work, with_version
from audit.gate import step_up
from audit.keyset import begins_with
from config.access import policy
from config.access.forms import AskedForm, PersonForm, RoleForm
from config.access.models import User
from config.access.policy import Refused
from config.access.queries import list_grantable, references_in, role_asks_for_factor
from config.access.roles import ROLES
from config.access.steps import set_needs_factor
from config.access.words import say

WHY_REMOVED = {
    "lost": _("the device is lost"),
    "replaced": _("the device was replaced"),
    "stolen": _("the device may be in other hands"),
}
WHY_SHUT = {
    "left": _("left the house"),
    "away": _("away for long"),
    "suspicion": _("something is wrong with this account"),
}
WHY_OPENED = {
    "back": _("is back"),
    "mistake": _("was shut by mistake"),
}
BY_ACT = Refused("by_act", policy.BY_ACT)
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


class HoldsFilter(admin.SimpleListFilter):
    """Roles by what they allow."""

    title = _("permission")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(one.pk), say(one)) for one in list_grantable()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value() or ""
        return queryset.filter(permissions=int(wanted)) if wanted.isdecimal() else queryset


class RoleFilter(admin.SimpleListFilter):
    """People by role, under the role's name."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = Group.objects.order_by("name").values_list("name", flat=True)
        return [(name, ROLES[name].label if name in ROLES else name) for name in names]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class PersonAdmin(AskedAdmin):
    form = PersonForm
    list_display = ("name", "reference", "roles", "is_active", "is_staff", "last_login")
    list_display_links = ("name", "reference")
    list_filter = ("is_active", "is_staff", RoleFilter)
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
    search_fields = ("pk",)
    search_help_text = _("A reference, such as U-7F3A09BC. Names are looked up in the log.")

    def find(self, search_term: str) -> Q:
        """By reference, which is the beginning of the key: no name stands in an address."""
        return references_in(search_term)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else with_version(self.add_fieldsets)

    @admin.display(description=_("reference"))
    def reference(self, person: User) -> str:
        return person.reference

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
        if obj is not None:
            locked["is_active"] = BY_ACT
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
        acts = {
            "reset-mail": self.reset_mail_view,
            "remove-factor": self.remove_factor_view,
            "end-sessions": self.end_sessions_view,
            "deactivate": self.deactivate_view,
            "activate": self.activate_view,
        }
        ours = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"access_user_{name.replace('-', '_')}",
            )
            for name, view in acts.items()
        ]
        return [*ours, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        more = {
            **context,
            "why_removed": WHY_REMOVED,
            "why_shut": WHY_SHUT,
            "why_opened": WHY_OPENED,
        }
        return super().render_change_form(request, more, *args, **kwargs)

    @step_up
    def deactivate_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Shut an account and end its sessions; what its person did stays on record."""
        return self._set_active(request, object_id, False, WHY_SHUT)

    @step_up
    def activate_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Open an account that was shut."""
        return self._set_active(request, object_id, True, WHY_OPENED)

    def _set_active(
        self, request: HttpRequest, object_id: str, wanted: bool, reasons: dict[str, Any]
    ) -> HttpResponseBase:
        person = self._to_be_helped(request, object_id)
        why = request.POST.get("why", "")
        if why not in reasons:
            messages.error(request, _("Say why."))
            return _back_to(person)
        work = request_work()
        event = "access.user.activated" if wanted else "access.user.deactivated"
        row = work.load_one(User.objects.filter(pk=person.pk))
        if row.is_active is not wanted:
            work.change(row, event=event, is_active=wanted)
            work.record("access.account_reason", obj=person, data={"reason": why, "event": event})
        if not wanted:
            self._end_sessions(person)
        messages.success(
            request,
            _("The account is open again.") if wanted else _("The account is shut."),
        )
        return _back_to(person)

    @step_up
    def reset_mail_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Mail the person a link with which he sets a new password."""
        person = self._to_be_helped(request, object_id)
        if person.is_active:
            _send_reset(request, person)
            messages.success(request, _("A mail is on its way."))
        else:
            messages.error(request, _("This account is not active."))
        return _back_to(person)

    @step_up
    def remove_factor_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Take away the second factor of somebody who lost it, and end his sessions."""
        person = self._to_be_helped(request, object_id)
        why = request.POST.get("why", "")
        if why not in WHY_REMOVED:
            messages.error(request, _("Say why the second factor is removed."))
            return _back_to(person)
        for factor in Authenticator.objects.filter(user=person).order_by("pk"):
            factor.delete()
        self._end_sessions(person)
        log.record("access.factor_taken_away", obj=person, data={"reason": why})
        messages.success(request, _("The second factor is removed and every session has ended."))
        return _back_to(person)

    def end_sessions_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Sign a person out everywhere."""
        person = self._to_be_helped(request, object_id)
        self._end_sessions(person)
        messages.success(request, _("Every session has ended."))
        return _back_to(person)

    def _to_be_helped(self, request: HttpRequest, object_id: str) -> User:
        person: User | None = self.get_object(request, object_id)
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person) or person.pk == request.user.pk:
            raise PermissionDenied
        return person

    def _end_sessions(self, person: User) -> None:
        sessions_adapter().end_sessions(UserSession.objects.filter(user=person).order_by("pk"))


@admin.register(Group)
class RoleAdmin(AskedAdmin):
    form = RoleForm
    list_display = ("label", "about", "count")
    list_filter = (HoldsFilter,)
    search_fields = ("name",)
    search_help_text = _("A word of what a role is called, or the beginning of its name.")
    ordering = ("name",)
    fieldsets = ((None, {"fields": ("name", "about", "needs_factor", "permissions")}),)
    readonly_fields = ("about",)

    change_form_template = "access/role.html"
    menu_label = _("Roles")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("permissions")

    def find(self, search_term: str) -> Q:
        """By the words of the table, which are no column, or by the beginning of the name."""
        words = search_term.casefold()
        codes = [code for code, role in ROLES.items() if words in str(role.label).casefold()]
        return Q(name__in=codes) | begins_with("name", search_term)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        named = {**context, "title": _("New role")}
        return super().render_change_form(request, named, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        wanted = form.cleaned_data["needs_factor"]
        if wanted != role_asks_for_factor(form.instance):
            set_needs_factor(request_work(), form.instance, wanted)

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
        if obj.pk in _own_roles(request):
            locked["permissions"] = SELF
        return locked


def _own_roles(request: HttpRequest) -> frozenset[int]:
    """The roles of who asks, as they are now. One query for the request."""
    known: frozenset[int] | None = getattr(request, "own_roles", None)
    if known is None:
        known = frozenset(request.user.groups.order_by().values_list("pk", flat=True))
        request.own_roles = known  # type: ignore[attr-defined]
    return known


def _back_to(person: User) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("admin:access_user_change", args=[person.pk]))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _send_reset(request: HttpRequest, person: User) -> None:
    make = account_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    request_password_reset(request, person.email, [person], make)
    log.record("access.reset_mail_sent", obj=person)
