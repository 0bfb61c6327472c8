"""The filters of the log explorer, as they stand in the address."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.models import Outcome
from audit.queries import Wanted
from audit.reading import find_target, get_reading

MOMENT = "%Y-%m-%dT%H:%M"
ANY = _("Any")


class MomentInput(forms.DateTimeInput):
    """The browser's own picker; typed as ISO 8601 where it has none."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MOMENT)


class LogFilter(forms.Form):
    """All of it is optional. What it cannot understand is an error of that field, never a 400."""

    person = forms.UUIDField(label=_("Person"), required=False, widget=forms.Select)
    about = forms.CharField(
        label=_("Object"),
        required=False,
        max_length=120,
        widget=forms.TextInput(
            attrs={"placeholder": "P-7F3A09BC12DE", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    event = forms.CharField(label=_("Event"), required=False, max_length=80, widget=forms.Select)
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", ANY), *Outcome.choices]
    )
    since = forms.DateTimeField(label=_("From"), required=False, widget=MomentInput)
    until = forms.DateTimeField(label=_("Until"), required=False, widget=MomentInput)
    request = forms.RegexField(
        label=_("Request"),
        regex=r"^[\w-]+$",
        required=False,
        max_length=64,
        error_messages={"invalid": _("A request has letters, digits and dashes only.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Mapping[str, Any], people: Iterable[Any]) -> None:
        super().__init__(data)
        self.fields["person"].widget.choices = [("", ANY), *_people_choices(people)]
        self.fields["event"].widget.choices = _event_choices(data.get("event", ""))
        for name, bound in self.fields.items():
            kind = "form-select" if isinstance(bound.widget, forms.Select) else "form-control"
            wrong = " is-invalid" if name in self.errors else ""
            bound.widget.attrs["class"] = f"{kind}{wrong}"
            if wrong:
                bound.widget.attrs["aria-invalid"] = "true"

    def clean_person(self) -> uuid.UUID | None:
        person: uuid.UUID | None = self.cleaned_data["person"]
        choices = self.fields["person"].widget.choices
        if person and not any(pk == person for pk, _name in choices):
            raise forms.ValidationError(_("There is no such person."))
        return person

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since >= until:
            self.add_error("until", _("This is not after “From”."))
        if text := str(cleaned.get("about", "")).strip():
            cleaned["target"] = find_target(text)
            if cleaned["target"] is None:
                self.add_error("about", _("Nothing is known by this reference or id."))
        return cleaned

    def wanted(self) -> Wanted:
        """What a valid filter asks for."""
        given = self.cleaned_data
        return Wanted(
            person=given["person"],
            target=given.get("target"),
            event=given["event"],
            outcome=given["outcome"],
            since=given["since"],
            until=given["until"],
            request=given["request"],
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(str(self.data.get(name, "")).strip() for name in self.fields)


class PersonSearch(forms.Form):
    """Looking a person up: by POST, so that no address ever holds a name or an email."""

    q = forms.CharField(label=_("Name, reference or email"), min_length=2, max_length=120)


def _people_choices(people: Iterable[Any]) -> list[tuple[uuid.UUID, str]]:
    return [(one.pk, f"{one.get_full_name()} ({one})") for one in people]


def _event_choices(chosen: str) -> list[tuple[str, Any]]:
    reading = get_reading()
    groups: dict[str, list[tuple[str, Any]]] = {}
    for code, words in reading.events.items():
        groups.setdefault(code.partition(".")[0], []).append((code, words))
    choices: list[tuple[str, Any]] = [("", ANY)]
    known = {""}
    for area, codes in groups.items():
        name = reading.areas.get(area, area)
        everything = (f"{area}.", _("All of “%(area)s”") % {"area": name})
        choices.append((str(name), [everything, *codes]))
        known |= {everything[0], *(code for code, _words in codes)}
    if chosen not in known:
        choices.insert(1, (chosen, chosen))
    return choices
