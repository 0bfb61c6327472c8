"""Accounts at providers in the form of a rule: chosen where there are few, named where many."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import guard
from audit.errors import Refusal
from payments.gateways.commands import disable_account, set_route
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.queries.accounts import MOST, find_accounts
from payments.parties.policy import name_key
from tests.audit.people import browser_of, hire
from tests.payments.builders import make_merchant
from tests.payments.pages import MOST_QUERIES, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
NOBODYS = "A-5B0E6A1C0000"
UNKNOWN = "There is no such account."


def fill(count: int, **given: Any) -> list[ConnectorAccount]:
    """Enabled accounts, written at once: `till 0`, `till 1`, …"""
    own = ConnectorAccount.objects.get(key="gateways:sandbox")
    told = {"state": "enabled", "is_proven": True, "connector": "sandbox", **given}
    name = told.pop("name", None)
    names = [name or f"Till {number}" for number in range(count)]
    with guard.suspended():
        return ConnectorAccount.objects.bulk_create(
            ConnectorAccount(
                key=f"{name} {number}",
                fingerprint="",
                name=name,
                name_key=name_key(name),
                created_at=own.created_at,
                **told,
            )
            for number, name in enumerate(names)
        )


@pytest.fixture
def many() -> list[ConnectorAccount]:
    """More accounts than a list offers."""
    return fill(MOST + 50)


@pytest.fixture
def desk() -> Client:
    return browser_of(hire("Carole Noury", "finance_controller"))


def say(desk: Client, **typed: str) -> Any:
    given = {"mode": "test", "merchant": "", "currency": "", "brand": "", "second": "", "third": ""}
    return desk.post(reverse("connectors:route_new"), {**given, **typed})


def refusal_of(answer: Any, field: str = "first") -> str:
    assert answer.status_code == 400
    return " ".join(answer.context["form"].errors[field])


def test_few_accounts_are_chosen_from_a_list_without_those_that_take_nothing(
    desk: Client,
) -> None:
    [till] = fill(1)
    fill(1, name="Asleep", state="disabled")
    page = desk.get(reverse("connectors:route_new")).content.decode()
    assert "<datalist" not in page
    assert f'<option value="{till.pk}">Till 0 (Sandbox, test)</option>' in page
    assert "Asleep" not in page
    assert say(desk, first=str(till.pk)).status_code == 302
    assert Route.objects.get().first == till


def test_any_of_many_accounts_is_found_by_its_reference(
    many: list[ConnectorAccount], desk: Client
) -> None:
    page = desk.get(reverse("connectors:route_new")).content.decode()
    options = re.findall(r'<option value="([^"]+ · A-[0-9A-F]{12})"', page)
    last = next(one for one in many if f"{one.name} (" not in page)
    assert len(options) == MOST
    written = {"first": last.reference.lower(), "second": options[7], "third": str(many[0].pk)}
    answer = say(desk, **written)
    assert answer.status_code == 302, answer.context["form"].errors
    told = Route.objects.get().accounts
    assert [one.reference for one in told] == [
        last.reference,
        options[7].rpartition(" ")[2],
        many[0].reference,
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [("till 249", "Till 249"), ("  TILL 24 ", "Till 24"), ("café", "Cafe Lumière")],
)
def test_any_of_many_accounts_is_found_by_its_name(
    many: list[ConnectorAccount], desk: Client, text: str, name: str
) -> None:
    fill(1, name="Cafe Lumière")
    assert say(desk, first=text).status_code == 302
    assert Route.objects.get().first.name == name


def test_name_of_several_is_refused_and_tells_them_apart(
    many: list[ConnectorAccount], desk: Client
) -> None:
    twins = fill(2, name="Atelier")
    said = refusal_of(say(desk, first="atelier"))
    assert all(one.reference in said for one in twins)
    assert "…" not in said
    assert "…" in refusal_of(say(desk, first="till 24", second="till"), "second")
    [chosen] = re.findall(r"Atelier[^;]*A-[0-9A-F]{12}", said)[:1]
    assert say(desk, first=chosen).status_code == 302
    assert not Route.objects.exclude(first__in=twins).exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nobody", UNKNOWN),
        (NOBODYS, UNKNOWN),
        ("5b0e6a1c-0000-4000-8000-000000000000", UNKNOWN),
        ("\N{RIGHT-TO-LEFT OVERRIDE}", UNKNOWN),
        ("a\x00b", "Null characters are not allowed."),
        ("x" * 161, "Ensure this value has at most 160 characters (it has 161)."),
        ("", "This field is required."),
        ("asleep", "Asleep is not enabled: no payment would go through it."),
    ],
)
@pytest.mark.parametrize("count", [0, MOST + 1])
def test_account_that_is_not_there_or_not_enabled_is_refused_in_words(
    desk: Client, text: str, words: str, count: int
) -> None:
    fill(count)
    fill(1, name="Asleep", state="disabled")
    answer = say(desk, first=text)
    assert refusal_of(answer) == words
    assert words_of(answer).count(words) >= 1
    assert not Route.objects.exists()


def test_account_of_another_mode_or_merchant_is_refused_at_its_field(
    many: list[ConnectorAccount], desk: Client
) -> None:
    merchant, other = make_merchant(), make_merchant()
    [live] = fill(1, name="Live one", is_live=True, connector="stripe")
    [foreign] = fill(1, name="Another's", merchant=other)
    assert refusal_of(say(desk, first="live one")) == "An account is of the other mode."
    for chosen in ("", str(merchant.pk)):
        answer = say(desk, merchant=chosen, first="till 77", second=foreign.reference)
        assert refusal_of(answer, "second") == "An account belongs to another merchant."
    assert say(desk, merchant=str(other.pk), first="another's").status_code == 302
    assert say(desk, mode="live", first=live.reference).status_code == 302
    assert Route.objects.count() == 2


def test_command_refuses_an_account_that_is_not_enabled() -> None:
    one, two = fill(2)
    disable_account(account_id=two.pk)
    with pytest.raises(Refusal, match="route_disabled") as refused:
        set_route(account_ids=[one.pk, two.pk])
    assert refused.value.details["field"] == "second"
    assert not Route.objects.exists()


def test_form_stays_small_however_many_accounts_there_are(
    many: list[ConnectorAccount], desk: Client
) -> None:
    url = reverse("connectors:route_new")
    desk.get(url)
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(url).content
    assert len(queries) <= MOST_QUERIES
    assert page.count(b"</option>") < MOST + 50
    with CaptureQueriesContext(connection) as queries:
        say(desk, first="till 7", second="till 8", third=NOBODYS)
    assert len(queries) <= MOST_QUERIES + 5


@pytest.mark.parametrize("text", ["till 7", NOBODYS, "A-7F3A"])
def test_account_is_looked_up_by_index(many: list[ConnectorAccount], text: str) -> None:
    if connection.vendor != "sqlite":
        return  # the plan of a small table there depends on statistics
    with CaptureQueriesContext(connection) as queries:
        find_accounts(text)
    for one in list(queries):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {one['sql']}")
            steps = [row[3] for row in cursor.fetchall()]
        assert not [step for step in steps if step.startswith("SCAN")], steps


def test_new_account_is_found_by_its_name_and_told_by_its_reference(desk: Client) -> None:
    [own] = find_accounts("sandbox")
    assert own.name == "Sandbox"
    assert own.reference in desk.get(reverse("connectors:list")).content.decode()
