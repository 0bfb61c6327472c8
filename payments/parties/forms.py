"""What the forms of the customer page are made of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork, find_kept
from audit.texts import clean_text
from payments.parties.models import PERSONAL_FIELDS, Merchant
from payments.parties.policy import CLEANERS, READABLE, name_key
from payments.parties.queries import find_merchants

FIELDS = {
    "name": _("Name"),
    "email": _("Email"),
    "phone": _("Telephone"),
    "address": _("Address"),
}
"""The personal fields by name, as people call them."""

REASONS = {
    "identity": _("To be sure who is calling"),
    "contact": _("To write to or call the customer"),
    "delivery": _("To check a delivery"),
    "dispute": _("Evidence for a dispute"),
    "fraud": _("Suspected fraud"),
    "request": _("The customer asks what is known of him"),
}
"""Why somebody may need to see a detail. The code stands in the record, in clear: no free text."""


MOST_OFFERED = 200
"""So many merchants are offered to choose from; where there are more, one is named."""


class MerchantField(forms.CharField):
    """A merchant, cleaned to its id. Chosen from a list where there are few; where there are many,
    named by reference, or by the beginning of a name that no other has."""

    widget: Any = forms.Select
    default_error_messages = {
        "unknown": _("There is no such merchant."),
        "several": _("Several merchants are called so: write more of the name, or the reference."),
    }

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"label": _("Merchant"), "max_length": 120, **given})
        self.merchants = Merchant.objects.none()
        self.is_named = False
        self._found: dict[str, list[Merchant]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> MerchantField:
        copied: MerchantField = super().__deepcopy__(memo)
        copied._found = {}
        return copied

    def offer(self, merchants: QuerySet[Merchant], nobody: Any) -> None:
        """These merchants, and the words for none of them. One SELECT."""
        self.merchants = merchants
        rows = list(merchants[: MOST_OFFERED + 1])
        self.is_named = len(rows) > MOST_OFFERED
        if self.is_named:
            named = _("M-… or a name")
            words = named if self.required else format_lazy("{} · {}", named, nobody)
            hints = {"placeholder": words, "autocomplete": "off"}
            self.widget = forms.TextInput({**hints, "spellcheck": "false"})
        else:
            choices = ((str(one.pk), f"{one.name} ({one.reference})") for one in rows)
            self.widget = forms.Select(choices=[("", nobody), *choices])
            self._found = {str(one.pk): [one] for one in rows}
        self.widget.is_required = self.required

    def find(self, text: str) -> list[Merchant]:
        """Whom a text means: one, or two to tell that it is not clear. One SELECT where they are
        named, none for what is known."""
        if text not in self._found and self.is_named:
            self._found[text] = self._look_up(text)
        return self._found.get(text, [])

    def _look_up(self, text: str) -> list[Merchant]:
        try:
            return list(self.merchants.filter(pk=uuid.UUID(text)))
        except ValueError:
            found = list(self.merchants.filter(find_merchants(text))[:2])
        # The whole name of one is the beginning of another's.
        is_whole = bool(found) and found[0].name_key == name_key(text)
        return found[:1] if is_whole and found[-1].name_key != name_key(text) else found

    def clean(self, value: Any) -> uuid.UUID | None:
        text = super().clean(value)
        if not text:
            return None
        found = self.find(text)
        if len(found) != 1:
            code = "several" if found else "unknown"
            raise ValidationError(self.error_messages[code], code=code)
        return found[0].pk

    def prepare_value(self, value: Any) -> Any:
        """An id, as links have it, is read as a reference where merchants are named."""
        found = self.find(str(value)) if self.is_named and value and _is_id(value) else []
        return found[0].reference if found else value


def _is_id(value: Any) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def ticket_field() -> forms.RegexField:
    """The number of a ticket: nothing that could be about a person."""
    return forms.RegexField(
        label=_("Ticket, if there is one"),
        regex=r"^[A-Za-z]{0,10}[-#/]?[0-9]{1,8}\Z",
        required=False,
        max_length=20,
        error_messages={"invalid": _("A ticket is a short number, such as DESK-1042.")},
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
        ),
    )


class RevealForm(KeepsWork, forms.Form):
    """Why a detail is to be shown. Its key is good for one look.

    A page has one for each detail, told apart by the detail's name in front of their own names.
    """

    reason = forms.ChoiceField(
        label=_("Why do you need to see it?"),
        choices=[("", _("Choose a reason")), *REASONS.items()],
        error_messages={"required": _("Choose why you need to see it.")},
        widget=forms.Select(attrs={"class": "form-select", "required": True}),
    )
    ticket = ticket_field()
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, detail: str, data: Any = None) -> None:
        super().__init__(data, prefix=detail, auto_id="reveal-%s")
        self.detail = detail
        self.initial["key"] = uuid.uuid4()
        if "ticket" in self.errors:
            self.fields["ticket"].widget.attrs["class"] += " is-invalid"

    @property
    def is_in_use(self) -> bool:
        """Whether somebody has begun to fill it in, so that it is not folded away."""
        kept = find_kept()
        return self.is_bound or (kept is not None and kept.is_of(self))


def read_reveal(data: Mapping[str, Any]) -> RevealForm | None:
    """The form that was sent; None for one that is none of ours."""
    for name in PERSONAL_FIELDS:
        if f"{name}-key" in data:
            return RevealForm(name, data)
    return None


class SurvivorForm(forms.Form):
    """Which customer the duplicate is to be merged into. Its reference may stand in an address."""

    into = forms.RegexField(
        label=_("Reference of the customer who stays"),
        regex=rf"^[Cc][- ]?[{READABLE}{READABLE.lower()}]{{8}}\Z",
        max_length=12,
        error_messages={
            "required": _("Say which customer stays."),
            "invalid": _("A customer's reference looks like C-4F7H2K9M."),
        },
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_into(self) -> str:
        """The reference as it is kept."""
        return f"C-{self.cleaned_data['into'].upper()[-8:]}"


class MergeForm(KeepsWork, forms.Form):
    """Why two customers are one person, for the colleague who decides."""

    reason = forms.CharField(
        label=_("Why are they one person?"),
        help_text=_("For the colleague who decides. No card numbers."),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()

    def clean_reason(self) -> str:
        """Tidied; a card number, or what cannot be kept, is refused in words."""
        try:
            return clean_text(self.cleaned_data["reason"], field="reason", most=200, required=True)
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None


class SplitForm(MergeForm):
    """Why two customers are not one person after all, for the colleague who decides."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["reason"].label = _("Why are they two people?")


WHY_CORRECTED = {
    "asked": _("The customer asked for it"),
    "mistake": _("It was written down wrongly"),
    "returned": _("A letter or a message came back"),
    "request": _("The customer uses the right to have it put right"),
}
"""Why details are corrected. The code stands in the record, in clear: no free text."""


class DetailsForm(KeepsWork, forms.Form):
    """What a customer's details are to be. What is known is not shown: nothing typed leaves it.

    `seen` tells whether somebody else wrote meanwhile.
    """

    name = forms.CharField(label=FIELDS["name"], required=False, max_length=480)
    email = forms.CharField(label=FIELDS["email"], required=False, max_length=1016)
    phone = forms.CharField(label=FIELDS["phone"], required=False, max_length=128)
    address = forms.CharField(
        label=FIELDS["address"],
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    emptied = forms.MultipleChoiceField(
        label=_("Remove altogether"),
        required=False,
        choices=list(FIELDS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.ChoiceField(
        label=_("Why is it corrected?"),
        choices=[("", _("Choose a reason")), *WHY_CORRECTED.items()],
        error_messages={"required": _("Choose why it is corrected.")},
    )
    ticket = ticket_field()
    seen = forms.RegexField(regex=r"^[0-9a-f]{64}\Z", widget=forms.HiddenInput)

    def __init__(self, seen: str, data: Any = None) -> None:
        super().__init__(data)
        self.initial["seen"] = seen
        for name in FIELDS:
            # The browser is not to offer, or to keep, what belongs to somebody else.
            self.fields[name].widget.attrs |= {"autocomplete": "off", "dir": "auto"}
        self.fields["email"].widget.attrs["inputmode"] = "email"
        self.fields["phone"].widget.attrs["inputmode"] = "tel"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in FIELDS:
            if not cleaned.get(name):
                continue
            if name in cleaned.get("emptied", []):
                self.add_error(name, _("Either write it, or remove it."))
                continue
            try:
                CLEANERS[name](cleaned[name])
            except Refusal as refusal:
                self.add_error(name, refusal.message)
        if not self.errors and not self.changes():
            self.add_error(None, _("Nothing is to be changed: write what is right now."))
        return cleaned

    def changes(self) -> dict[str, str]:
        """What is to be written: the fields that were typed, and those to be emptied."""
        given = self.cleaned_data
        typed = {name: given[name] for name in FIELDS if given.get(name)}
        return typed | dict.fromkeys(given.get("emptied", []), "")
