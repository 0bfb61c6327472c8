"""Up to how much each role acts alone."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from audit.actor import current_actor
from audit.admin import GuardedAdmin, VersionedForm, with_version
from audit.approvals.models import ApprovalLimit
from audit.approvals.policy import limit_decision
from audit.keyset import begins_with
from audit.reading import role_label

AMOUNT = re.compile(r"(\d{1,12})(?:[.,](\d{1,4}))?", re.ASCII)


def decimals_of(currency: str) -> int:
    """Decimals of a currency; raises ValidationError for one that does not exist."""
    try:
        return Currency(currency).exponent or 0
    except ValueError:
        raise ValidationError(_("This currency is not known.")) from None


def write_amount(minor: int, currency: str, point: str = ".") -> str:
    """As people write it: 15000 EUR is `150.00`."""
    exponent = decimals_of(currency)
    digits = str(minor).rjust(exponent + 1, "0")
    cut = len(digits) - exponent
    return digits[:cut] + (point + digits[cut:] if exponent else "")


def read_amount(text: str, currency: str) -> int:
    """What somebody typed, in minor units. Raises ValidationError for what could be read twice."""
    exponent = decimals_of(currency)
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValidationError(_("Write the amount in digits alone, such as 150 or 150.00."))
    whole, part = found[1], found[2] or ""
    if len(part) > exponent:
        message = _("%(currency)s has %(count)s decimals.")
        raise ValidationError(message % {"currency": currency, "count": exponent})
    return int(whole + part.ljust(exponent, "0"))


class LimitForm(VersionedForm):
    """A limit in a currency that exists, written as people write amounts."""

    limit = forms.CharField(
        label=_("Limit"),
        max_length=20,
        help_text=_("In the currency itself: 150.00. With 0, everything needs a second person."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            choice: Any = self.fields["role"]
            choice.label_from_instance = lambda role: role_label(role.name)
        if not self.instance._state.adding:
            point = get_format("DECIMAL_SEPARATOR")
            self.initial["limit"] = write_amount(
                self.instance.max_minor, self.instance.currency, point
            )

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).strip().upper()
        decimals_of(code)
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        role = cleaned.get("role") or getattr(self.instance, "role", None)
        if role is not None and not (may := limit_decision(current_actor(), role.name)):
            raise ValidationError(may.reason, code="own_limit")
        currency = cleaned.get("currency") or self.instance.currency
        if currency and "limit" in cleaned:
            try:
                self.instance.max_minor = read_amount(cleaned["limit"], currency)
            except ValidationError as error:
                self.add_error("limit", error)
        return cleaned


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(GuardedAdmin):
    """A limit of nothing (0) means that every refund of the role needs a second person."""

    form = LimitForm
    list_display = ("role_name", "kind", "amount")
    list_filter = ("kind", "currency")
    search_fields = ("currency",)
    search_help_text = _("A currency, such as EUR, or the beginning of a role's name.")
    ordering = ("kind", "currency", "role_id")

    def find(self, search_term: str) -> Q:
        """A currency has three capital letters, the name of a role none."""
        if search_term.isupper():
            return Q(currency=search_term)
        return Q(role__in=Group.objects.filter(begins_with("name", search_term)))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("role")

    def name_of(self, obj: ApprovalLimit) -> str:
        return f"{role_label(obj.role.name)} · {obj.get_kind_display()} · {obj.currency}"

    @admin.display(description=_("role"))
    def role_name(self, limit: ApprovalLimit) -> str:
        return role_label(limit.role.name)

    @admin.display(description=_("limit"), ordering="max_minor")
    def amount(self, limit: ApprovalLimit) -> str:
        """With its decimals, for reading: `50.00 EUR`."""
        point = get_format("DECIMAL_SEPARATOR")
        return f"{write_amount(limit.max_minor, limit.currency, point)} {limit.currency}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Another role or currency is another limit."""
        return ("role_name", "kind", "currency") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        role = "role" if obj is None else "role_name"
        return with_version([(None, {"fields": [role, "kind", "currency", "limit"]})])
