"""Merchants in forms: chosen from a list where there are few, named where there are many."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import guard
from payments.parties.forms import MOST_OFFERED, MerchantField
from payments.parties.models import Merchant
from payments.parties.policy import READABLE, name_key
from payments.parties.queries import list_merchants
from tests.payments.builders import captured_payment, make_merchant
from tests.payments.pages import MOST_QUERIES, agent_browser, references_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
NOBODYS_ID = "5b0e6a1c-0000-4000-8000-000000000000"
UNKNOWN = "There is no such merchant."
SEVERAL = "Several merchants are called so: write more of the name, or the reference."


def reference(number: int) -> str:
    """One as people know it, without letters that are mistaken for others."""
    many = len(READABLE)
    return f"M-{READABLE[0] * 6}{READABLE[number // many]}{READABLE[number % many]}"


class Form(forms.Form):
    merchant = MerchantField(required=False)

    def __init__(self, merchant: Any) -> None:
        super().__init__({"merchant": merchant})
        field: Any = self.fields["merchant"]
        field.offer(list_merchants(), "nobody")


@pytest.fixture
def lumen() -> Merchant:
    return make_merchant(name="Atelier Lumen")


@pytest.fixture
def many(lumen: Merchant) -> list[Merchant]:
    """More merchants than a list offers; the name of the first begins that of ten others."""
    same = {one.attname: getattr(lumen, one.attname) for one in Merchant._meta.concrete_fields}
    names = [f"Librairie {number}" for number in range(MOST_OFFERED + 1)]
    with guard.suspended():
        return Merchant.objects.bulk_create(
            Merchant(
                **{
                    **{name: value for name, value in same.items() if name != "id"},
                    "key": f"many {number}",
                    "reference": reference(number),
                    "name": name,
                    "name_key": name_key(name),
                }
            )
            for number, name in enumerate(names)
        )


def test_few_merchants_are_chosen_from_a_list(lumen: Merchant) -> None:
    form = Form(str(lumen.pk))
    assert "<select" in str(form["merchant"])
    assert f"Atelier Lumen ({lumen.reference})" in str(form["merchant"])
    assert form.is_valid()
    assert form.cleaned_data["merchant"] == lumen.pk


@pytest.mark.parametrize("text", ["Atelier Lumen", reference(1), "nonsense", NOBODYS_ID])
def test_what_is_not_in_the_list_is_no_merchant(lumen: Merchant, text: str) -> None:
    assert Form(text).errors == {"merchant": [UNKNOWN]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (reference(7), reference(7)),
        (f" {reference(7).lower()} ", reference(7)),
        ("librairie 1", reference(1)),
        ("LIBRAIRIE 199", reference(199)),
        ("atelier", "lumen"),
    ],
)
def test_many_are_named_by_reference_or_by_the_beginning_of_a_name(
    many: list[Merchant], lumen: Merchant, text: str, wanted: str
) -> None:
    form = Form(text)
    assert "<select" not in str(form["merchant"])
    assert form.is_valid(), form.errors
    found = Merchant.objects.get(pk=form.cleaned_data["merchant"])
    assert found.reference == (lumen.reference if wanted == "lumen" else wanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("librairie", SEVERAL),
        ("librairie 19", None),
        ("nobody", UNKNOWN),
        (reference(700), UNKNOWN),
        (NOBODYS_ID, UNKNOWN),
        ("\N{RIGHT-TO-LEFT OVERRIDE}\N{GRINNING FACE}", UNKNOWN),
        ("a\x00b", "Null characters are not allowed."),
        ("x" * 121, "Ensure this value has at most 120 characters (it has 121)."),
    ],
)
def test_name_that_is_nobodys_or_several_ones_is_refused_in_words(
    many: list[Merchant], text: str, words: str | None
) -> None:
    assert Form(text).errors == ({"merchant": [words]} if words else {})


def test_two_merchants_of_one_name_are_told_apart_by_reference(
    many: list[Merchant], lumen: Merchant
) -> None:
    twin = make_merchant(name="Atelier Lumen")
    assert Form("atelier lumen").errors == {"merchant": [SEVERAL]}
    assert Form(twin.reference).is_valid()


def test_nobody_is_nobody(many: list[Merchant]) -> None:
    form = Form("  ")
    assert form.is_valid()
    assert form.cleaned_data["merchant"] is None


def test_list_of_payments_turns_a_name_into_an_address_without_it(
    many: list[Merchant], lumen: Merchant
) -> None:
    payment = captured_payment(merchant=lumen)
    browser = agent_browser()
    answer = browser.post("/payments/", {"merchant": "atelier"})
    assert answer["Location"] == f"/payments/?merchant={lumen.pk}"
    shown = browser.get(answer["Location"])
    page = shown.content.decode()
    assert references_in(shown) == [payment.reference]
    assert f'value="{lumen.reference}"' in page
    assert "Atelier Lumen" in page.partition('class="chips')[2]
    refused = browser.post("/payments/", {"merchant": "librairie"})
    assert refused.status_code == 400
    assert SEVERAL in refused.content.decode()


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("support_lead", "payments:list"),
        ("support_lead", "webhooks:events"),
        ("finance_controller", "connectors:routing"),
        ("finance_controller", "connectors:route_new"),
        ("finance_controller", "connectors:new"),
        ("finance_controller", "keys:new"),
        ("finance_controller", "webhooks:endpoint_new"),
    ],
)
def test_pages_stay_small_however_many_merchants_there_are(
    many: list[Merchant], role: str, name: str
) -> None:
    browser: Client = agent_browser("Mona Many", role)
    url = reverse(name)
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(url)
    assert answer.status_code == 200
    assert len(queries) <= MOST_QUERIES
    assert b"Librairie 150" not in answer.content
    assert b'name="merchant"' in answer.content
