"""What a refund, a capture and a void are made of.

Each carries its key, which makes a double click one act, and the amount the person saw.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.kept import KeepsWork
from audit.modes import LIVE, TEST
from audit.notes.models import Tag
from audit.texts import clean_text
from payments.ledger.money import MOST_MINOR, Money
from payments.models import RefundReason

ROW = re.compile(r"(?P<pk>[0-9a-f]{32}):(?P<minor>[0-9]{1,18}):(?P<currency>[A-Z]{3})", re.ASCII)


def write_amount(amount: Money) -> str:
    """An amount as the reader would type it: 1234.50, in French 1234,50."""
    return amount.typed(to_locale(get_language() or "en"))


class KeyForm(KeepsWork, forms.Form):
    """Nothing but its key."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.initial["key"] = uuid.uuid4()

    @property
    def idempotency_key(self) -> str:
        """The key of a valid form, as commands take it."""
        return str(self.cleaned_data["key"])


class AmountForm(KeyForm):
    """An amount up to what is `available`, in its currency."""

    amount = forms.CharField(
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    seen = forms.IntegerField(min_value=0, max_value=MOST_MINOR, widget=forms.HiddenInput)

    def __init__(self, available: Money, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.available = available
        self.initial["amount"] = write_amount(available)
        self.initial["seen"] = available.minor
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": available.currency}

    def clean_amount(self) -> Money:
        try:
            return Money.parse(
                self.cleaned_data["amount"], self.available.currency, get_language() or "en"
            )
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None

    def seen_now(self) -> Money | None:
        """What the person saw, when that is not what there is now; it is what he sees now."""
        seen = self.cleaned_data.get("seen")
        if seen is None or seen == self.available.minor:
            return None
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["seen"] = str(self.available.minor)
        self.data = data
        return Money(seen, self.available.currency)


class CaptureForm(AmountForm):
    """How much, and what becomes of the rest."""

    KEEP, LET_GO = "keep", "let_go"
    rest = forms.ChoiceField(
        label=_("What is left then"),
        choices=[
            (KEEP, _("stays held, for another capture")),
            (LET_GO, _("is let go: this is the last capture")),
        ],
        initial=KEEP,
        widget=forms.RadioSelect,
        required=False,
    )

    @property
    def is_final(self) -> bool:
        """Whether the rest is let go."""
        return bool(self.cleaned_data["rest"] == self.LET_GO)


class IncrementForm(AmountForm):
    """How much more; what was seen is what is held in all."""

    def __init__(self, held: Money, data: QueryDict | None = None) -> None:
        super().__init__(held, data)
        self.initial["amount"] = ""


class CorrectionForm(KeyForm):
    """What the provider really says, how it said it, and why a person has to say it for it."""

    kind = forms.CharField(max_length=10, widget=forms.HiddenInput)
    row = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput)
    to_status = forms.ChoiceField(label=_("What the provider says"), widget=forms.RadioSelect)
    provider_reference = forms.CharField(
        label=_("Provider's reference"),
        help_text=_("The provider's name for it, where you were given one."),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.ChoiceField(label=_("Reason"))
    evidence = forms.CharField(
        label=_("Evidence"),
        help_text=_("Who said it, when and where: kept for good. No card numbers."),
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 1000, "dir": "auto"}),
    )

    def __init__(
        self,
        targets: Iterable[tuple[str, Any]],
        reasons: Iterable[RefundReason],
        data: QueryDict | None = None,
        **known: Any,
    ) -> None:
        super().__init__(data)
        self.initial.update(known)
        self.fields["to_status"].choices = list(targets)  # type: ignore[attr-defined]
        if known.get("kind") == "late":
            self._ask_what_becomes_of_it()
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a reason")),
            *((reason.code, reason.words) for reason in reasons),
        ]

    def _ask_what_becomes_of_it(self) -> None:
        """Of money that turned up late nothing is wrong: a person decides about it."""
        self.fields["to_status"].label = _("What becomes of it")
        self.fields["provider_reference"].widget = forms.HiddenInput()
        self.fields["evidence"].help_text = _(
            "Who wants it so, the shop or the customer, and who said it: kept for good. No card "
            "numbers."
        )

    def clean_evidence(self) -> str:
        return self._clean("evidence", 1000)

    def clean_provider_reference(self) -> str:
        return self._clean("provider_reference", 80)

    def _clean(self, name: str, most: int) -> str:
        try:
            return clean_text(
                self.cleaned_data[name], field=name, most=most, lines=name == "evidence"
            )
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None


class RefundForm(AmountForm):
    """How much, why, and a word for the colleagues."""

    reason = forms.ChoiceField(label=_("Reason"))
    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("For your colleagues: the customer does not see it. No card numbers."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ("amount", "reason", "comment")

    def __init__(
        self, available: Money, reasons: Iterable[RefundReason], data: QueryDict | None = None
    ) -> None:
        super().__init__(available, data)
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a reason")),
            *((reason.code, reason.words) for reason in reasons),
        ]

    def follow(self, url: str) -> None:
        """Have the preview at `url` follow the amount as it is typed."""
        self.fields["amount"].widget.attrs |= {
            "hx-post": url,
            "hx-trigger": "input changed delay:300ms, change",
            "hx-target": "#preview",
            "hx-sync": "this:replace",
        }

    def without_complaints(self) -> RefundForm:
        """The same, of whose fields only the amount was looked at: it is not sent yet."""
        for name in [name for name in self.errors if name != "amount"]:
            del self.errors[name]
        return self

    def clean_comment(self) -> str:
        try:
            return clean_text(self.cleaned_data["comment"], field="comment", most=500, lines=True)
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None


class RowsField(forms.Field):
    """What a dry run has shown: `id:minor:CUR` for each payment that something would be done to."""

    widget = forms.MultipleHiddenInput
    default_error_messages = {
        "required": _("Nothing would be done: choose other payments."),
        "invalid": _("This is not what was shown. Please begin again."),
    }

    def clean(self, value: Any) -> list[tuple[str, int, str]]:
        rows = super().clean(value)
        found = [ROW.fullmatch(str(text)) for text in rows]
        if not all(found):
            raise ValidationError(self.error_messages["invalid"])
        return [
            (str(uuid.UUID(row["pk"])), int(row["minor"]), row["currency"]) for row in found if row
        ]


class BulkForm(KeyForm):
    """What was shown, and the key that makes a double click one act."""

    row = RowsField()


class BulkRefundForm(BulkForm):
    """Why, and a word for the colleagues, the same for all."""

    reason = forms.ChoiceField(label=_("Reason"))
    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("For your colleagues: the customer does not see it. No card numbers."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, reasons: Iterable[RefundReason], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a reason")),
            *((reason.code, reason.words) for reason in reasons),
        ]

    def clean_comment(self) -> str:
        try:
            return clean_text(self.cleaned_data["comment"], field="comment", most=500, lines=True)
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None


class BulkTagForm(BulkForm):
    """Which tag."""

    tag = forms.ChoiceField(label=_("Tag"))

    def __init__(self, tags: Iterable[Tag], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["tag"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a tag")),
            *((tag.code, tag.words) for tag in tags),
        ]


class ExportForm(KeyForm):
    """In which form the file comes."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[
            ("csv", _("CSV: for programs, up to 1,000,000 rows")),
            ("xlsx", _("Excel: up to 200,000 rows")),
        ],
        widget=forms.RadioSelect,
        initial="csv",
    )
    mode = forms.ChoiceField(
        required=False, choices=[(LIVE, LIVE), (TEST, TEST)], widget=forms.HiddenInput
    )

    def __init__(self, data: QueryDict | None = None, *, is_live: bool) -> None:
        super().__init__(data)
        self._is_live = is_live

    @property
    def is_live(self) -> bool:
        """Of what the file is: what the person saw when he asked, else what he has before him."""
        given = getattr(self, "cleaned_data", {}).get("mode")
        return given == LIVE if given else self._is_live
