"""What a person had typed when he was asked who he is: kept, and put back into his form.

The edge keeps it and says, for one request, what is to be put back (`giving_back`). A form takes it
by being a `KeepsWork`; nothing is ever sent again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict

SHORT = 40
"""Shorter values, and ids, are as quickly typed or chosen anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The fields of a form that was not accepted, by their names in the page."""

    fields: Mapping[str, Sequence[str]]
    had_files: bool = False
    """Files are not kept; the person is told so."""
    had_card_number: bool = False
    """Nor is a text with a card number in it."""

    def as_data(self) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, values in self.fields.items():
            data.setlist(name, list(values))
        return data

    @property
    def texts(self) -> list[str]:
        """What a person typed in words, for a page whose form does not take it back."""
        return [one for values in self.fields.values() for one in values if len(one) > SHORT]

    def is_of(self, form: forms.BaseForm) -> bool:
        """Whether this was typed in such a form: one that knows every name of it."""
        names = {form.add_prefix(name) for name in form.fields}
        return all(one in names or one.rpartition("_")[0] in names for one in self.fields)


_giving_back: ContextVar[Kept | None] = ContextVar("kept", default=None)


def find_kept() -> Kept | None:
    """What this request gives back, None when there is nothing."""
    return _giving_back.get()


@contextmanager
def giving_back(kept: Kept | None) -> Iterator[None]:
    """Forms that are made inside show what was kept."""
    token = _giving_back.set(kept)
    try:
        yield
    finally:
        _giving_back.reset(token)


if TYPE_CHECKING:
    Form = forms.BaseForm
else:
    # Mixed into forms of every kind.
    Form = object


class KeepsWork(Form):
    """A form that shows again what was typed in it before a session ended or a proof was asked for.

    Hidden fields are new ones: a key, and the amount that the person sees now.
    """

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        kept = find_kept()
        if kept is not None and not field.widget.is_hidden and kept.is_of(self):
            data, name = kept.as_data(), self.add_prefix(field_name)
            if not field.widget.value_omitted_from_data(data, {}, name):
                return field.widget.value_from_datadict(data, {}, name)
        return super().get_initial_for_field(field, field_name)
