"""The form of the sign-in, and those of the administration. What may be given is decided by
`policy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit import log
from audit.actor import Actor
from audit.admin import VersionedForm
from audit.models import Outcome
from config.access import policy
from config.access.models import User
from config.access.policy import Refused
from config.access.queries import (
    as_grants,
    list_grantable,
    list_held_beside,
    names_of,
    role_asks_for_factor,
)
from config.access.roles import ROLES
from config.access.words import say

NOTHING: frozenset[str] = frozenset()


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's, with the focus where one begins."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["login"].widget.attrs["autofocus"] = True


class AskedForm(VersionedForm):
    """Knows who asks, and which fields are locked for him. Set by the admin class."""

    request: ClassVar[HttpRequest]
    locked: ClassVar[Mapping[str, Refused]] = {}

    @property
    def actor(self) -> Actor:
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    @property
    def by_superuser(self) -> bool:
        return bool(getattr(self.request.user, "is_superuser", False))

    def refuse(self, refused: list[Refused]) -> None:
        """Put the attempt on record and tell the person why. Raises ValidationError."""
        if not refused:
            return
        log.record(
            "access.grant_refused",
            obj=None if self.instance._state.adding else self.instance,
            outcome=Outcome.DENIED,
            data={"refusals": sorted({one.code for one in refused})},
        )
        reasons = {str(one.reason): one for one in refused}
        raise ValidationError(
            [ValidationError(one.reason, code=one.code) for one in reasons.values()]
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # A locked field is not on the page: whoever sends it made the request himself.
        self.refuse([why for name, why in self.locked.items() if name in self.data])
        return cleaned


if TYPE_CHECKING:
    GroupChoice = forms.ModelMultipleChoiceField[Group]
    AnyChoice = forms.ModelMultipleChoiceField[Permission]
else:
    # Generic only for the type checker.
    GroupChoice = AnyChoice = forms.ModelMultipleChoiceField


class RoleChoice(GroupChoice):
    """Roles by what they are called and what they are for."""

    def label_from_instance(self, obj: Any) -> str:
        role = ROLES.get(obj.name)
        return f"{role.label}: {role.about}" if role else str(obj.name)


class PersonForm(AskedForm):
    version_ignores = ("last_login",)
    groups = RoleChoice(
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Roles"),
    )

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_staff", "is_superuser", "groups")

    def clean_email(self) -> str:
        """Addresses are kept in lower case, so that one person has one account."""
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        before = self._groups_before()
        after = list(cleaned["groups"]) if "groups" in cleaned else before
        was, will_be = {one.pk for one in before}, {one.pk for one in after}
        self.refuse(
            policy.roles_decision(
                self.actor,
                self.instance.pk,
                is_superuser=cleaned.get("is_superuser", self.instance.is_superuser),
                added=as_grants([one for one in after if one.pk not in was]),
                kept=as_grants([one for one in after if one.pk in was]),
                removed=as_grants([one for one in before if one.pk not in will_be]),
                by_superuser=self.by_superuser,
            )
        )
        return cleaned

    def _groups_before(self) -> list[Group]:
        if self.instance._state.adding:
            return []
        return list(self.instance.groups.order_by("name"))


class PermissionChoice(AnyChoice):
    def label_from_instance(self, obj: Any) -> str:
        return say(obj)


class RoleForm(AskedForm):
    needs_factor = forms.BooleanField(
        required=False,
        label=_("Asks for a second factor"),
        help_text=_(
            "Whoever holds this role sets up a passkey or an app before any page opens to him."
        ),
    )
    permissions = PermissionChoice(
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Permissions"),
    )

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            choice: Any = self.fields["permissions"]
            choice.queryset = list_grantable()
        self.initial["needs_factor"] = role_asks_for_factor(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "permissions" not in cleaned:
            return cleaned
        adding = self.instance._state.adding
        after = names_of(cleaned["permissions"])
        before = NOTHING
        beside: list[frozenset[str]] = []
        if not adding:
            held = self.instance.permissions.select_related("content_type").order_by("pk")
            before = names_of(held)
            beside = list_held_beside(self.instance)
        name = str(cleaned.get("name", self.instance.name))
        refused = policy.permissions_decision(
            self.actor, name, after - before, by_superuser=self.by_superuser
        )
        if not adding and after != before and self.instance.name in self.actor.roles:
            refused.append(Refused("own_roles", policy.SELF))
        reasons = (policy.toxic_pair(after | one) for one in (NOTHING, *beside))
        if (reason := next(filter(None, reasons), None)) is not None:
            refused.append(Refused("toxic_pair", reason))
        self.refuse(refused)
        return cleaned
