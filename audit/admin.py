"""What every page of the administration stands on: nothing deleted, nothing overwritten unseen.

Only admin classes built on `GuardedAdmin` reach the site (`config.access.admin_site`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit import keyset
from audit.access import saw
from audit.card_numbers import refuse_card_number
from audit.differences import changes_of
from audit.encryption import fingerprint
from audit.errors import KernelError
from audit.kept import KeepsWork
from audit.models import LogEntry
from audit.owned import OwnedModel
from audit.reading import role_label, sentence_of
from audit.work import Work, find_ambient

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
    ModelAdmin = admin.ModelAdmin[Any]
    PaginatorOfRows = Paginator[Any]
else:
    # Generic only for the type checker.
    ModelForm = forms.ModelForm
    ModelAdmin = admin.ModelAdmin
    PaginatorOfRows = Paginator

STALE = _(
    "Somebody changed this after you opened it. Nothing was saved: "
    "open it again and look before you change it."
)
NEWEST = 100
MOST_LISTED = 1000
LONGEST_TERM = 120


def version_of(obj: models.Model, ignored: tuple[str, ...] = ()) -> str:
    """A digest of a row as it is in memory, with what it is related to. A query per m2m field."""
    values: dict[str, Any] = {
        field.attname: str(getattr(obj, field.attname))
        for field in obj._meta.concrete_fields
        if field.name not in ignored
    }
    for relation in obj._meta.many_to_many:
        keys = getattr(obj, relation.name).order_by("pk").values_list("pk", flat=True)
        values[relation.name] = [str(key) for key in keys]
    return fingerprint(values)


class VersionedForm(KeepsWork, ModelForm):
    """Carries the row as the person saw it, and refuses to save over what he has not seen."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)
    version_ignores: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_version = ""
        if not self.instance._state.adding:
            self.current_version = version_of(self.instance, self.version_ignores)
            self.initial["version"] = self.current_version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            if isinstance(value, str) and name != "version":
                self._refuse_card_number(name, value)
        if cleaned.get("version", "") != self.current_version:
            raise ValidationError(STALE, code="stale")
        return cleaned

    def _refuse_card_number(self, name: str, value: str) -> None:
        try:
            refuse_card_number(value)
        except ValidationError as error:
            self.add_error(name, error)


def with_version(fieldsets: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Fieldsets with the hidden version, which Django sends only where a fieldset names it."""
    told = [(name, {**options, "fields": [*options["fields"]]}) for name, options in fieldsets]
    if "version" not in told[0][1]["fields"]:
        told[0][1]["fields"].append("version")
    return told


class CappedPaginator(PaginatorOfRows):
    """Counts a thousand rows and no further: who looks for another one searches or filters."""

    @cached_property
    def counted(self) -> int:
        rows: Any = self.object_list
        return keyset.count_up_to(rows, MOST_LISTED)

    @property
    def is_capped(self) -> bool:
        """Whether there are more than it goes through."""
        return self.counted > MOST_LISTED

    @property
    def count(self) -> int:
        return min(self.counted, MOST_LISTED)


class OneOrder(ChangeList):
    """A list in the order of its admin class, whatever the address asks for."""

    def get_ordering_field(self, field_name: Any) -> None:
        return None


class GuardedAdmin(ModelAdmin):
    """No delete, no bulk actions, no second log, versioned forms; looks are on record.

    A list has one order, filters and a search, each answered by an index; it counts no further than
    its last page (`tests/pages/test_admin_lists.py` asks for the plans).
    """

    form = VersionedForm
    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    paginator = CappedPaginator
    object_history_template = "access/history.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OneOrder

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of the list asks: no address asks every row for a part of a text."""
        field, _sign, how = lookup.partition("__")
        named = [getattr(one, "parameter_name", one) for one in self.list_filter]
        return field in named and how in ("", "exact")

    def find(self, search_term: str) -> models.Q | None:
        """What a term finds, by index; None where this list is searched by the beginning of its
        first search field."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Never by a part of a text: that would ask every row."""
        term = search_term.strip()[:LONGEST_TERM]
        if not term or not self.search_fields:
            return queryset, False
        found = self.find(term) or keyset.begins_with(str(self.search_fields[0]), term)
        return queryset.filter(found), False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return with_version(super().get_fieldsets(request, obj))

    def name_of(self, obj: Any) -> str:
        """What people call a row, in the reader's language: the log knows it by its code."""
        return str(getattr(obj, "words", "")) or role_label(str(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = context.get("original")
        name = self.name_of(row) if row is not None else ""
        named = {"name": name, "title": name, "subtitle": None} if name else {}
        return super().render_change_form(request, {**context, **named}, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        self._say_saved(request, obj)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        self._say_saved(request, obj)
        return super().response_change(request, obj)

    def _say_saved(self, request: HttpRequest, obj: Any) -> None:
        told = {"kind": self.opts.verbose_name, "name": self.name_of(obj)}
        messages.success(request, _("Saved: %(kind)s “%(name)s”.") % told)

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: Any = messages.INFO,
        *args: Any,
        **more: Any,
    ) -> None:
        """Of a success Django speaks with the code of the row; `_say_saved` has named it."""
        if level != messages.SUCCESS:
            super().message_user(request, message, level, *args, **more)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """An owned row goes through the request's Work; others are saved, and netted."""
        if not isinstance(obj, OwnedModel):
            super().save_model(request, obj, form, change)
            return
        work = request_work()
        if not change:
            work.add(obj)
            return
        [row] = work.load(type(obj)._default_manager.filter(pk=obj.pk))
        names = [name for name in form.changed_data if name != "version"]
        work.change(row, **{name: form.cleaned_data[name] for name in names})

    # The log of ours is the only one.

    def log_addition(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    def log_change(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    def log_deletions(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """What happened to a row, newest first, from our own log."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        saw(request, obj)
        kind = ContentType.objects.get_for_model(type(obj))
        entries = LogEntry.objects.filter(content_type=kind, object_pk=str(obj.pk))
        newest = entries.select_related("actor", "content_type").order_by("-timestamp", "-id")
        found = list(newest[: NEWEST + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "object": obj,
            "name": self.name_of(obj),
            "opts": self.opts,
            "lines": [(one, sentence_of(one.event), changes_of(one)) for one in found[:NEWEST]],
            "is_cut": len(found) > NEWEST,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.object_history_template, context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        told = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        response = super().changelist_view(request, told)
        changes = (getattr(response, "context_data", None) or {}).get("cl")
        if changes is not None:
            saw(request, changes.result_list)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        obj = super().get_object(request, object_id, from_field)
        if obj is not None:
            saw(request, obj)
        return obj


def request_work() -> Work:
    """The Work of the request under way; the administration always has one when it saves."""
    work = find_ambient()
    if work is None:
        raise KernelError("an owned row is saved outside of the request's Work")
    return work
