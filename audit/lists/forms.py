"""What a view and a choice of columns are made of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork
from audit.lists.commands import MOST_NAME
from audit.lists.kinds import ListKind
from audit.reading import role_label
from audit.texts import clean_text

MINE = _("Only me")


class NameForm(KeepsWork, forms.Form):
    """The name of a view."""

    name = forms.CharField(
        label=_("Name of the view"),
        max_length=MOST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        try:
            return clean_text(
                self.cleaned_data["name"], field="name", most=MOST_NAME, required=True
            )
        except Refusal as refusal:
            raise forms.ValidationError(refusal.message) from None


class ViewForm(NameForm):
    """A new view: for whom, and the key that makes a double click one view."""

    role = forms.ChoiceField(label=_("For whom"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("name", "role")

    def __init__(self, roles: Iterable[str], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", MINE),
            *((role, _("My team: %(role)s") % {"role": role_label(role)}) for role in roles),
        ]


class ColumnsForm(forms.Form):
    """Which columns, of those that a list has."""

    column = forms.MultipleChoiceField(
        label=_("Columns"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, kind: ListKind, chosen: Iterable[str], data: QueryDict | None = None
    ) -> None:
        super().__init__(data, initial={"column": list(chosen)})
        self._kind = kind
        self.fields["column"].choices = [  # type: ignore[attr-defined]
            (name, label) for name, label in kind.columns.items() if name not in kind.fixed
        ]

    def chosen(self) -> list[str]:
        """The columns of a valid form, with those that are always there."""
        given: Any = self.cleaned_data["column"]
        return self._kind.known(given)
