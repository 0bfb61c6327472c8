"""Up to how much each role acts alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from audit.admin import GuardedAdmin, VersionedForm
from audit.approvals.models import ApprovalLimit


class LimitForm(VersionedForm):
    """A limit in a currency that exists."""

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).strip().upper()
        try:
            Currency(code)
        except ValueError:
            raise ValidationError(_("This currency is not known.")) from None
        return code


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(GuardedAdmin):
    """A limit of nothing (0) means that every refund of the role needs a second person."""

    form = LimitForm
    list_display = ("role", "kind", "amount")
    list_filter = ("kind", "currency")
    ordering = ("role__name", "kind", "currency")
    fields = ("role", "kind", "currency", "max_minor")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("role")

    @admin.display(description=_("limit"), ordering="max_minor")
    def amount(self, limit: ApprovalLimit) -> str:
        """With its decimals, for reading: `50.00 EUR`."""
        exponent = Currency(limit.currency).exponent or 0
        digits = str(limit.max_minor).rjust(exponent + 1, "0")
        cut = len(digits) - exponent
        point = "." if exponent else ""
        return f"{digits[:cut]}{point}{digits[cut:]} {limit.currency}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Another role or currency is another limit."""
        return ("role", "kind", "currency") if obj is not None else ()
