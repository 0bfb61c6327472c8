"""What administrators set about payments; money itself is never changed here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.admin import GuardedAdmin
from payments.models import NetworkTerms, RefundReason


@admin.register(RefundReason)
class RefundReasonAdmin(GuardedAdmin):
    """Reasons are no longer offered, never deleted: refunds point at them."""

    list_display = ("code", "act", "label", "label_fr", "is_active", "position")
    list_filter = ("act", "is_active")
    search_fields = ("code",)
    search_help_text = _("The beginning of a code.")
    ordering = ("act", "position", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code", "act") if obj is not None else ()


@admin.register(NetworkTerms)
class NetworkTermsAdmin(GuardedAdmin):
    """How long authorizations live, by network. Those that live already keep their end."""

    list_display = ("network", "holds_days", "source")
    list_filter = ("holds_days",)
    search_fields = ("network",)
    search_help_text = _("The beginning of a network's name.")
    ordering = ("network",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("network",) if obj is not None else ()
