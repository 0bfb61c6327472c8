"""Where payments go, and when they go on to the next provider: never while it may have been paid."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import clock
from audit.errors import Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.reroutes import reroute_authorization
from payments.gateways.commands import (
    create_account,
    disable_account,
    enable_account,
    end_route,
    open_breaker,
    record_trial,
    set_route,
)
from payments.gateways.errors import Rejected, Unavailable, Unknown
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.protocol import AuthorizationAnswer, AuthorizationStatus
from payments.ledger.money import Money
from payments.models import Attempt, Payment
from payments.parties.commands import add_card
from payments.parties.models import CardReference, Customer, Merchant
from payments.parties.policy import CardDetails
from payments.policy import UNREACHED
from payments.tasks import asking
from payments.webhooks.models import Event as ShopEvent
from tests.payments.builders import eur, make_customer, make_merchant, new_key, new_payment
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def enabled(name: str, connector: str = "sandbox", **given: Any) -> ConnectorAccount:
    account = create_account(
        connector=connector,
        name=name,
        api_key="sk_test_keyofthetests" if connector == "stripe" else "",
        key=new_key(),
        **given,
    )
    passed = ConnectorAccount.Trial.PASSED
    record_trial(account_id=account.pk, tried=account.next_api_key, outcome=passed)
    return enable_account(account_id=account.pk)


@dataclass
class Shop:
    merchant: Merchant
    customer: Customer
    card: CardReference

    def pay(self, **given: Any) -> Payment:
        return new_payment(
            merchant=self.merchant, customer=self.customer, **{"card": self.card, **given}
        )


def make_token(merchant: Merchant, customer: Customer, connector: str) -> CardReference:
    return add_card(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        connector=connector,
        card=CardDetails(
            token=f"tok_at_{connector}", brand="visa", last_four="0077", exp_month=12, exp_year=2030
        ),
        key=new_key(),
    )


@pytest.fixture
def shop() -> Shop:
    merchant = make_merchant()
    customer = make_customer(merchant)
    return Shop(merchant, customer, make_token(merchant, customer, "sandbox"))


def account_of(payment: Payment) -> str:
    attempt = Attempt.objects.select_related("account").order_by("-number").filter(payment=payment)
    found = attempt[0].account
    assert found is not None
    return found.name


# Which rule


def test_payment_goes_where_the_rule_says(shop: Shop) -> None:
    euros, visa = enabled("euros"), enabled("visa")
    set_route(account_ids=[euros.pk], currency="EUR")
    assert account_of(shop.pay()) == "euros"
    set_route(account_ids=[visa.pk], merchant_id=shop.merchant.pk, brand="visa")
    assert account_of(shop.pay()) == "visa"
    assert account_of(shop.pay(amount=Money(100, "JPY"))) == "visa"
    disable_account(account_id=visa.pk)
    with pytest.raises(Refusal, match="no_route"):
        shop.pay()
    route = Route.objects.get(merchant=shop.merchant)
    end_route(route_id=route.pk)
    end_route(route_id=route.pk)
    assert account_of(shop.pay()) == "euros"


def test_rule_said_anew_is_the_same_rule_with_another_order(shop: Shop) -> None:
    one, two = enabled("one"), enabled("two")
    first = set_route(account_ids=[one.pk, two.pk], currency="EUR")
    again = set_route(account_ids=[two.pk, one.pk], currency="EUR")
    assert first.pk == again.pk
    assert account_of(shop.pay()) == "two"
    entry = LogEntry.objects.filter(event="gateways.route.set").latest("timestamp")
    assert {"first_id", "second_id"} <= set(entry.changes)


@pytest.mark.parametrize("what", ["nothing", "twice", "mode", "merchant", "missing", "currency"])
def test_rule_that_cannot_be_is_refused(shop: Shop, what: str) -> None:
    house = enabled("house")
    foreign = enabled("foreign", merchant_id=make_merchant().pk)
    stripe = enabled("stripe", "stripe")
    given: dict[str, dict[str, Any]] = {
        "nothing": {"account_ids": []},
        "twice": {"account_ids": [house.pk, house.pk]},
        "mode": {"account_ids": [house.pk], "is_live": True},
        "merchant": {"account_ids": [foreign.pk]},
        "missing": {"account_ids": [uuid.uuid4()]},
        "currency": {"account_ids": [stripe.pk], "currency": "IRR"},
    }
    with pytest.raises(Refusal):
        set_route(**given[what])
    assert not Route.objects.exists()


def test_account_in_peace_is_passed_over_from_the_start(shop: Shop) -> None:
    one, two = enabled("one"), enabled("two")
    set_route(account_ids=[one.pk, two.pk])
    open_breaker(account_id=one.pk)
    assert account_of(shop.pay()) == "two"
    open_breaker(account_id=two.pk)
    assert account_of(shop.pay()) == "one"


def test_rule_to_another_provider_needs_the_cards_token_there(shop: Shop) -> None:
    stripe = enabled("stripe", "stripe")
    set_route(account_ids=[stripe.pk])
    with pytest.raises(Refusal, match="no_route"):
        shop.pay()
    token = make_token(shop.merchant, shop.customer, "stripe")
    attempt = Attempt.objects.get(payment=shop.pay())
    assert (attempt.connector, attempt.card_id) == ("stripe", token.pk)


# Going on to the next


@dataclass
class Providers:
    """What the provider behind each account does with an authorization, and what it was asked."""

    moods: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _name: None

    def authorize(self, name: str, key: str, amount: Money) -> AuthorizationAnswer:
        self.asked.append((name, key))
        self.before(name)
        mood = self.moods.get(name, "answers")
        if mood == "away":
            raise Unavailable("away")
        if mood == "silent":
            raise Unknown("silent")
        if mood == "no":
            raise Rejected("no", "")
        declined = mood == "declines"
        return AuthorizationAnswer(
            status=AuthorizationStatus.DECLINED if declined else AuthorizationStatus.AUTHORIZED,
            reference=f"auth_{key}",
            amount=amount,
            approved=Money(0, amount.currency) if declined else amount,
            raw_status=mood,
            decline_code="do_not_honor" if declined else "",
        )


class Behind:
    def __init__(self, providers: Providers, name: str) -> None:
        self.providers, self.name = providers, name

    def authorize(self, *, key: str, amount: Money, **_: Any) -> AuthorizationAnswer:
        return self.providers.authorize(self.name, key, amount)


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Providers:
    found = Providers()

    def open_gateway(_connector: str, account: ConnectorAccount, _about: object) -> Behind:
        return Behind(found, account.name)

    monkeypatch.setattr(asking, "open_gateway", open_gateway)
    return found


def route_of(*names: str) -> list[ConnectorAccount]:
    accounts = [enabled(name) for name in names]
    set_route(account_ids=[one.pk for one in accounts])
    return accounts


TOLD = {
    "": ["payment.authorized"],
    "declines": ["payment.declined"],
    "no": ["payment.failed"],
    "silent": ["payment.processing"],
    "away": [],
}
"""What the shop is told, by how the last provider answered."""


@pytest.mark.parametrize(
    ("moods", "asked", "status"),
    [
        ({}, ["a"], "authorized"),
        ({"a": "away"}, ["a", "b"], "authorized"),
        ({"a": "away", "b": "away"}, ["a", "b", "c"], "authorized"),
        ({"a": "away", "b": "declines"}, ["a", "b"], "failed"),
        ({"a": "declines"}, ["a"], "failed"),
        ({"a": "no"}, ["a"], "failed"),
        ({"a": "silent"}, ["a"], "unknown"),
        ({"a": "away", "b": "silent"}, ["a", "b"], "unknown"),
        ({"a": "away", "b": "away", "c": "away"}, ["a", "b", "c"], "processing"),
    ],
)
def test_next_provider_is_asked_only_when_the_one_before_was_not_reached(
    shop: Shop, providers: Providers, moods: dict[str, str], asked: list[str], status: str
) -> None:
    route_of("a", "b", "c")
    providers.moods = moods
    payment = shop.pay()
    deliver()
    payment.refresh_from_db()
    assert [name for name, _key in providers.asked] == asked
    assert payment.status == status
    attempts = list(Attempt.objects.filter(payment=payment).order_by("number"))
    assert [one.number for one in attempts] == list(range(1, len(asked) + 1))
    assert {one.raw_decline_code for one in attempts[:-1]} <= {UNREACHED}
    rerouted = LogEntry.objects.filter(event="payments.attempt.rerouted", object_pk=payment.pk)
    assert rerouted.count() == len(asked) - 1
    # To the shop there is one payment: that a provider was not reached is no failure of it.
    told = ShopEvent.objects.filter(object_id=payment.pk).values_list("type", flat=True)
    assert list(told) == TOLD[moods.get(asked[-1], "")]


def test_all_are_away_and_the_last_one_is_waited_for(shop: Shop, providers: Providers) -> None:
    route_of("a", "b")
    providers.moods = {"a": "away", "b": "away"}
    payment = shop.pay()
    deliver()
    providers.moods = {}
    with clock.at(clock.now() + timedelta(minutes=1)):
        deliver()
    payment.refresh_from_db()
    assert payment.status == "authorized"
    assert [name for name, _key in providers.asked] == ["a", "b", "b"]


def test_second_run_of_a_message_never_goes_on_to_the_next(
    shop: Shop, providers: Providers
) -> None:
    """Of the first nobody knows what it had sent when its worker died."""
    route_of("a", "b")
    shop.pay()
    providers.moods = {"a": "away"}
    message = Message.objects.get(task="payments.send_authorization")
    died(message)
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver()
    assert [name for name, _key in providers.asked] == ["a"]


def died(message: Message) -> None:
    """A worker took it and was never heard of again."""
    from audit.outbox.commands import lease_messages

    taken = lease_messages(limit=10)
    assert message.pk in [one.pk for one in taken]


def test_who_lost_his_lease_does_not_go_on_to_the_next(shop: Shop, providers: Providers) -> None:
    """Another worker has begun: what it sends is its own."""
    route_of("a", "b")
    payment = shop.pay()
    providers.moods = {"a": "away"}

    def take_over(_name: str) -> None:
        providers.before = lambda _name: None
        with clock.at(clock.now() + timedelta(minutes=5)):
            died(Message.objects.get(task="payments.send_authorization"))

    providers.before = take_over
    deliver()
    assert [name for name, _key in providers.asked] == ["a"]
    assert Attempt.objects.get(payment=payment).status == "pending"


def test_reroute_of_what_is_over_does_nothing(shop: Shop, providers: Providers) -> None:
    route_of("a", "b")
    payment = shop.pay()
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    done = reroute_authorization(
        attempt_id=attempt.pk, message_id=uuid.uuid4(), lease=uuid.uuid4(), key=new_key()
    )
    assert done is None
    assert Attempt.objects.filter(payment=payment).count() == 1


MOODS = st.lists(
    st.sampled_from(["answers", "away", "silent", "no", "declines"]), min_size=3, max_size=3
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moods=MOODS, later=MOODS)
def test_never_two_attempts_are_open_and_nothing_follows_an_unknown_one(
    shop: Shop, providers: Providers, moods: list[str], later: list[str]
) -> None:
    accounts = {one.name: one for one in ConnectorAccount.objects.filter(name__in="abc")}
    if not accounts:
        route_of("a", "b", "c")
    providers.moods, providers.asked = dict(zip("abc", moods, strict=True)), []
    payment = shop.pay(amount=eur(1_000))
    over = {"failed", "declined"}

    def check(_name: str) -> None:
        open_ones = [
            one.status for one in Attempt.objects.filter(payment=payment) if one.status not in over
        ]
        assert len(open_ones) == 1

    providers.before = check
    deliver()
    providers.moods = dict(zip("abc", later, strict=True))
    with clock.at(clock.now() + timedelta(minutes=2)):
        deliver()
    attempts = list(Attempt.objects.filter(payment=payment).order_by("number"))
    assert all(one.status in over for one in attempts[:-1])
    assert all(one.raw_decline_code == UNREACHED for one in attempts[:-1])
    assert len({key for _name, key in providers.asked}) == len(attempts)
    held = [one for one in attempts if one.status == "authorized"]
    assert len(held) <= 1
