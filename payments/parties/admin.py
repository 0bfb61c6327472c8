"""Merchants: who they are, in what they take payments, and what they pay for it. No money moves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from audit.admin import GuardedAdmin, VersionedForm, request_work, version_of
from audit.encryption import fingerprint
from audit.errors import Refusal
from payments.ledger.money import Money
from payments.parties import policy, queries, steps
from payments.parties.models import Merchant, MerchantCurrency

SAVED = _("This merchant was taken in already. Look for it in the list.")
TAKEN = "takes_"
FEE = "fee_"


def read_fee(text: str, currency: str) -> int:
    """A fixed fee as it was typed, in minor units; nothing is no fee. Raises a Refusal."""
    if not text.strip():
        policy.check_terms({currency: 0})
        return 0
    return Money.parse(text, currency, to_locale(get_language() or "en")).minor


class MerchantForm(VersionedForm):
    """A merchant with what it pays in each currency, and one more currency."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    new_currency = forms.CharField(
        label=_("One more currency"),
        max_length=3,
        required=False,
        help_text=_("Three letters, such as EUR. Its accounts are opened on the ledger."),
    )
    new_fee = forms.CharField(
        label=_("Fixed fee in it"),
        max_length=40,
        required=False,
        help_text=_("For each capture, in the currency itself: 0.25. Nothing is no fixed fee."),
    )
    terms: Mapping[str, MerchantCurrency] = {}

    class Meta:
        model = Merchant
        fields = ("name", "statement_descriptor", "fee_basis_points", "is_live", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["once"] = uuid.uuid4()
            self.fields["new_currency"].required = True
            return
        rows = [version_of(one) for one in self.terms.values()]
        self.current_version = fingerprint({"merchant": self.current_version, "terms": rows})
        self.initial["version"] = self.current_version
        for code, one in self.terms.items():
            self.initial[TAKEN + code] = one.is_active
            amount = Money(one.fee_fixed_minor, code)
            self.initial[FEE + code] = amount.typed(to_locale(get_language() or "en"))

    def clean_once(self) -> str:
        """A merchant is taken in once, however often the button was pressed."""
        if not self.instance._state.adding:
            return ""
        key = f"merchant:{self.cleaned_data['once'] or uuid.uuid4()}"
        if queries.has_key(key):
            raise ValidationError(SAVED)
        return key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.fees = {code: self._fee(FEE + code, code) for code in self.terms}
        if cleaned.get("new_currency"):
            code = str(cleaned["new_currency"]).strip().upper()
            if code in self.terms:
                self.add_error("new_currency", _("This merchant has this currency already."))
            self.new_terms = {code: self._fee("new_fee", code)}
        else:
            self.new_terms = {}
        self._check(cleaned)
        return cleaned

    def _fee(self, name: str, code: str) -> int:
        try:
            return read_fee(str(self.cleaned_data.get(name, "")), code)
        except Refusal as refusal:
            about_code = refusal.code in ("currency_unknown", "currency_invalid")
            self.add_error("new_currency" if about_code else name, refusal.message)
            return 0

    def _check(self, cleaned: Mapping[str, Any]) -> None:
        share = cleaned.get("fee_basis_points") or 0
        if "name" not in cleaned or "statement_descriptor" not in cleaned:
            return
        try:
            steps.clean_merchant(cleaned["name"], cleaned["statement_descriptor"])
            policy.check_share(share)
        except Refusal as refusal:
            self.add_error(str(refusal.details["field"]), refusal.message)


@admin.register(Merchant)
class MerchantAdmin(GuardedAdmin):
    """A merchant is no longer active, never deleted: payments belong to it."""

    form = MerchantForm
    list_display = ("name", "reference", "takes", "share", "is_live", "is_active", "created_at")
    list_display_links = ("name", "reference")
    list_filter = ("is_active", "is_live")
    ordering = ("name_key", "pk")
    search_fields = ("name_key",)
    search_help_text = _("The beginning of a name, or a reference such as M-4F7H2K9M.")
    readonly_fields = ("reference", "created_at")

    def name_of(self, obj: Any) -> str:
        return f"{obj.name} ({obj.reference})"

    def find(self, search_term: str) -> Any:
        return queries.find_merchants(search_term)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("currencies")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A test merchant never becomes a live one: its payments were none."""
        return (*self.readonly_fields, "is_live") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        who = ["name", "statement_descriptor", "is_live", "is_active"]
        more = ["new_currency", "new_fee"]
        if obj is None:
            return [
                (None, {"fields": [*who, "fee_basis_points", "version", "once"]}),
                (_("Currencies"), {"fields": more}),
            ]
        terms = [(TAKEN + one, FEE + one) for one in _terms_of(obj)]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["reference", *who, "fee_basis_points", "created_at"]})]
        return [
            (None, {"fields": ["reference", *who, "fee_basis_points", "created_at", "version"]}),
            (_("Currencies"), {"fields": [*terms, *more]}),
        ]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """With two fields for each currency of this merchant."""
        if obj is None:
            return super().get_form(request, obj, change=change, **kwargs)
        terms = _terms_of(obj)
        fields: dict[str, Any] = {"terms": terms}
        for code in terms:
            label = _("Takes payments in %(currency)s") % {"currency": code}
            fields[TAKEN + code] = forms.BooleanField(label=label, required=False)
            label = _("Fixed fee in %(currency)s") % {"currency": code}
            fields[FEE + code] = forms.CharField(label=label, max_length=40, required=False)
        form = type("MerchantForm", (MerchantForm,), fields)
        return super().get_form(request, obj, change=change, form=form, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        work, given = request_work(), form.cleaned_data
        said = {name: given[name] for name in ("name", "statement_descriptor", "is_active")}
        said["fee_basis_points"] = given["fee_basis_points"]
        if not change:
            said |= {"is_live": given["is_live"], "fixed_fees": form.new_terms}
            mark = fingerprint({name: str(value) for name, value in said.items()})
            made = steps.add_merchant(work, key=given["once"], fingerprint=mark, **said)
            obj.pk, obj.reference = made.pk, made.reference
            return
        [row] = work.load(Merchant.objects.filter(pk=obj.pk))
        steps.change_merchant(work, row, is_live=row.is_live, **said)
        for terms in work.load(MerchantCurrency.objects.filter(merchant=row).order_by("currency")):
            taken = given[TAKEN + terms.currency]
            fee = form.fees[terms.currency]
            steps.change_currency(work, terms, fee_fixed_minor=fee, is_active=taken)
        for currency, minor in form.new_terms.items():
            steps.open_currency(work, row, currency, minor)

    @admin.display(description=_("currencies"))
    def takes(self, merchant: Merchant) -> str:
        return ", ".join(sorted(one.currency for one in merchant.currencies.all() if one.is_active))

    @admin.display(description=_("share"))
    def share(self, merchant: Merchant) -> str:
        """Hundredths of a percent, as a percentage."""
        whole, part = divmod(merchant.fee_basis_points, 100)
        point = Money(0, "EUR").typed(to_locale(get_language() or "en"))[1]
        return f"{whole}{point}{part:02}\N{NO-BREAK SPACE}%"


def _terms_of(merchant: Merchant) -> dict[str, MerchantCurrency]:
    return {one.currency: one for one in queries.list_terms(merchant)}
