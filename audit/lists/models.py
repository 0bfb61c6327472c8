"""What a person keeps of a list."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import KeyedModel, OwnedModel


class SavedView(KeyedModel):
    """Filters and columns under a name. With a `role` it is the team's, else its owner's alone.

    `query` is what stands in the address of the list: no personal data gets there. A removed view
    can be brought back until it is tidied away.
    """

    list_code = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    role = models.CharField(max_length=150, blank=True)
    name = models.CharField(max_length=60)
    query = models.TextField(blank=True)
    columns = models.JSONField(default=list)
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        indexes = [
            models.Index(fields=["owner", "list_code", "made_at", "id"], name="lists_view_owner"),
            models.Index(fields=["role", "list_code", "made_at", "id"], name="lists_view_role"),
            models.Index(fields=["removed_at"], name="lists_view_removed"),
        ]

    def __str__(self) -> str:
        return f"view {self.pk.hex[:8]}"


class ChosenColumns(OwnedModel):
    """The columns that a person sees in a list, in their order."""

    list_code = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    columns = models.JSONField(default=list)

    class Meta(OwnedModel.Meta):
        verbose_name = _("chosen columns")
        verbose_name_plural = _("chosen columns")
        constraints = [
            models.UniqueConstraint(fields=["owner", "list_code"], name="lists_columns_once"),
        ]

    def __str__(self) -> str:
        return f"columns of {self.list_code}"
