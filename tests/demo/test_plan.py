"""The demo's business looks like one: shares, curves and amounts, for any seed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from config.demo.plan import CLOSED, SHOPS, Fate, Sale, make_plan

UNTIL = datetime(2026, 6, 15, 10, 30, tzinfo=UTC)


@pytest.fixture(params=[1, 7, 4711], scope="module")
def sales(request: pytest.FixtureRequest) -> list[Sale]:
    return make_plan(payments=2000, months=13, seed=request.param, until=UNTIL)


def share(sales: list[Sale], fate: Fate) -> float:
    return sum(sale.fate is fate for sale in sales) / len(sales)


def test_the_shares_are_those_of_a_shop(sales: list[Sale]) -> None:
    assert share(sales, Fate.DECLINED) == pytest.approx(0.08, abs=0.001)
    assert share(sales, Fate.VOIDED) == pytest.approx(0.02, abs=0.001)
    assert share(sales, Fate.PARTLY_CAPTURED) == pytest.approx(0.03, abs=0.001)
    refunded = sum(bool(sale.refund_share) for sale in sales) / len(sales)
    assert refunded == pytest.approx(0.04, abs=0.001)
    returning = sum(sale.is_returning for sale in sales) / len(sales)
    assert returning == pytest.approx(0.70, abs=0.01)


def test_at_least_nine_reasons_to_decline(sales: list[Sale]) -> None:
    cards = {sale.card.split(".")[0] for sale in sales if sale.fate is Fate.DECLINED}
    assert len(cards) >= 9


def test_three_merchants_in_three_currencies_one_without_decimals() -> None:
    assert {shop.currency for shop in SHOPS} == {"EUR", "USD", "JPY"}


def test_amounts_are_log_normal_around_each_shop_s_own_middle(sales: list[Sale]) -> None:
    for number, shop in enumerate(SHOPS):
        amounts = [sale.minor for sale in sales if sale.shop == number]
        assert median(amounts) == pytest.approx(shop.median_minor, rel=0.15)
        assert sum(amounts) / len(amounts) > median(amounts), "the tail is to the right"


def test_evenings_sell_and_nights_sleep(sales: list[Sale]) -> None:
    hours = Counter(sale.at.hour for sale in sales)
    night = sum(hours[hour] for hour in range(5))
    evening = sum(hours[hour] for hour in range(17, 22))
    assert evening > 10 * night
    days = Counter(sale.at.weekday() for sale in sales)
    assert days[5] > days[0] > 0


def test_all_of_it_lies_in_the_months_before_oldest_first(sales: list[Sale]) -> None:
    moments = [sale.at for sale in sales]
    assert moments == sorted(moments)
    assert UNTIL - timedelta(days=397) < moments[0] < UNTIL - timedelta(days=380)
    assert UNTIL - timedelta(hours=12) < moments[-1] < UNTIL - timedelta(minutes=40)


def test_the_same_seed_is_the_same_business_on_another_day() -> None:
    def content(until: datetime) -> list[tuple[object, ...]]:
        plan = make_plan(payments=300, months=13, seed=3, until=until)
        plan.sort(key=lambda sale: sale.number)
        return [(s.shop, s.buyer, s.minor, s.card, s.fate, s.refund_share) for s in plan]

    assert content(UNTIL) == content(UNTIL + timedelta(days=9, hours=5))


@pytest.mark.parametrize("payments", [1, 2, 10])
def test_a_tiny_demo_is_possible(payments: int) -> None:
    assert len(make_plan(payments=payments, months=1, seed=1, until=UNTIL)) == payments


def test_the_last_month_sells_more_than_the_others_and_today_has_begun(sales: list[Sale]) -> None:
    lately = sum(UNTIL - timedelta(days=30) < sale.at for sale in sales)
    assert 0.2 < lately / len(sales) < 0.4
    assert any(sale.at.date() == UNTIL.date() for sale in sales)


def test_some_refunds_wait_and_some_money_is_held_for_some_days(sales: list[Sale]) -> None:
    waiting = [sale for sale in sales if sale.is_waiting]
    assert len(waiting) == 3
    assert all(sale.minor >= 20_000 and sale.refund_share == 1000 for sale in waiting)
    held = [sale for sale in sales if sale.fate is Fate.HELD]
    assert len(held) == 2
    ages = [UNTIL - sale.at for sale in held]
    assert timedelta(days=5) < min(ages) <= max(ages) < timedelta(days=7)


def test_a_demo_begun_at_midnight_has_nothing_of_tomorrow() -> None:
    midnight = UNTIL.replace(hour=0, minute=5)
    plan = make_plan(payments=300, months=2, seed=1, until=midnight)
    assert all(sale.at < midnight for sale in plan)


def test_money_turns_up_late_twice_and_one_card_takes_nothing_back(sales: list[Sale]) -> None:
    late = [sale for sale in sales if sale.fate in (Fate.LET_GO_LATE, Fate.TAKEN_LATE)]
    assert {sale.fate: sale.card.split(".")[0] == CLOSED for sale in late} == {
        Fate.LET_GO_LATE: False,
        Fate.TAKEN_LATE: True,
    }
    assert len(late) == 2
    assert not any(sale.refund_share for sale in late)
    assert all(UNTIL - timedelta(days=7) < sale.at < UNTIL - timedelta(days=3) for sale in late)
