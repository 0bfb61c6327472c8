"""What is asked of a person about webhooks."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.kept import KeepsWork
from payments.parties.forms import MerchantField
from payments.parties.models import Merchant
from payments.webhooks import registry
from payments.webhooks.models import Delivery, Endpoint
from payments.webhooks.policy import EDITED, seen_of

ANY = _("Any")
OVERLAPS = ((0, _("At once")), (24, _("In a day")), (168, _("In a week")), (720, _("In 30 days")))
SINCE = ((1, _("The last day")), (3, _("The last three days")), (30, _("The last 30 days")))
MODES = (("test", _("Test: no money moves")), ("live", _("Live: real money")))


class EndpointForm(KeepsWork, forms.Form):
    """Where to, what of, and what it is. What it already has is shown when it is changed."""

    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("It must begin with https:// and be reachable by everybody."),
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=120,
        required=False,
        help_text=_("What listens there: the web shop, the warehouse."),
    )
    types = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: it is told of all, also of those that come later."),
    )

    def __init__(self, data: QueryDict | None = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["types"].choices = [(one, one) for one in registry.offered()]  # type: ignore[attr-defined]


class NewEndpointForm(EndpointForm):
    """For whom it is, and in which mode: what cannot be changed afterwards."""

    field_order = ("merchant", "mode", "url", "description", "types", "key")

    key = forms.UUIDField(widget=forms.HiddenInput)
    merchant = MerchantField()
    mode = forms.ChoiceField(label=_("Mode"), choices=MODES)

    def __init__(self, merchants: QuerySet[Merchant], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["key"] = uuid.uuid4()
        fields: Any = self.fields
        fields["merchant"].offer(merchants, _("Choose a merchant"))


class ChangeForm(EndpointForm):
    """What an endpoint already has, to be changed; `seen` tells what of it the person saw."""

    seen = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, endpoint: Endpoint, data: QueryDict | None = None) -> None:
        before = {name: getattr(endpoint, name) for name in EDITED}
        super().__init__(data, initial={**before, "seen": seen_of(endpoint)})

    def look_again(self, endpoint: Endpoint) -> None:
        """Once he was told what has changed, what he sends next is meant."""
        now = cast("QueryDict", self.data).copy()
        now["seen"] = seen_of(endpoint)
        self.data = now


class SeenForm(KeepsWork, forms.Form):
    """`version` is what the person saw of the endpoint: a double click is one act."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(self, endpoint: Endpoint, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["version"] = endpoint.version


class RotationForm(SeenForm):
    """How long the old secret goes on."""

    overlap = forms.TypedChoiceField(label=_("The old secret stops"), coerce=int, choices=OVERLAPS)

    def __init__(self, endpoint: Endpoint, data: QueryDict | None = None) -> None:
        super().__init__(endpoint, data)
        self.initial["overlap"] = 24


class AgainForm(forms.Form):
    """Since when what failed is delivered again."""

    days = forms.TypedChoiceField(label=_("What failed in"), coerce=int, choices=SINCE)


class DeliveryFilter(forms.Form):
    """All of it is optional; what it cannot understand is ignored."""

    endpoint = forms.UUIDField(required=False, widget=forms.HiddenInput)
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", ANY), *Delivery.Status.choices]
    )
    type = forms.ChoiceField(label=_("Event"), required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            ("", ANY),
            *((one, one) for one in registry.types),
        ]


class EventFilter(forms.Form):
    """As above, for events."""

    merchant = MerchantField(required=False)
    mode = forms.ChoiceField(label=_("Mode"), required=False, choices=[("", ANY), *MODES])
    type = forms.ChoiceField(label=_("Event"), required=False)
    object = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, merchants: QuerySet[Merchant]) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["merchant"].offer(merchants, ANY)
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            ("", ANY),
            *((one, one) for one in registry.types),
        ]
        is_chosen = isinstance(fields["merchant"].widget, forms.Select)
        wrong = " is-invalid" if "merchant" in self.errors else ""
        kind = "form-select" if is_chosen else "form-control"
        fields["merchant"].widget.attrs["class"] = kind + wrong
