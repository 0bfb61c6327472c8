"""The list of tags. What colleagues wrote is not edited here, nor anywhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.admin import GuardedAdmin
from audit.notes.models import Tag


@admin.register(Tag)
class TagAdmin(GuardedAdmin):
    """Tags are no longer offered, never deleted: objects carry them."""

    list_display = ("code", "label", "label_fr", "tone", "is_active", "position")
    list_filter = ("is_active",)
    search_fields = ("code",)
    search_help_text = _("The beginning of a code.")
    ordering = ("position", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code",) if obj is not None else ()
