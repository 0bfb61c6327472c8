"""What happens in the demo, decided before anything does: pure, and the same for a seed.

Shares are quotas, not dice: a demo of 500 payments has its 8 % declines, as one of 5,000 has.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from config.demo.people import FAMILY, GIVEN, STREETS, TOWNS

RETURNING = 0.70
DECLINED = 0.08
REFUNDED = 0.04
VOIDED = 0.02
PARTLY_CAPTURED = 0.03

HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 26, 28, 26, 22, 20, 22, 26, 30, 32, 28, 18, 8, 3)
WEEKDAYS = (20, 19, 20, 21, 25, 30, 24)
LATELY, GROWTH = 30, 5
"""A business that grows: each of the last thirty days sells five times what one a year ago did."""
WAITING, WORTH = 3, 20_000
"""So many of the latest refunds are above an agent's limit, and wait in the inbox."""
HELD, HELD_FOR = 2, timedelta(days=5, hours=10)
"""So many are still held, and since when: they expire after seven days."""

LOST, LOST_AT = 2, timedelta(days=4, hours=3)
"""So many answers of the provider never came, and when: the money turned up after the failure."""
CLOSED = "tok_refund_refused"
"""A card to which nothing can be given back."""

DECLINES = (
    *["insufficient_funds"] * 9,
    *["do_not_honor"] * 7,
    *["incorrect_cvc"] * 5,
    *["expired_card"] * 4,
    *["card_limit_exceeded"] * 3,
    *["suspected_fraud"] * 3,
    *["issuer_unavailable"] * 2,
    *["retry_later"] * 2,
    *["invalid_account"] * 2,
    "lost_card",
    "stolen_card",
    "restricted_card",
)
CARDS = (*["tok_visa_approved"] * 11, *["tok_mastercard_approved"] * 7, *["tok_amex_approved"] * 2)


class Fate(StrEnum):
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"
    PARTLY_CAPTURED = "partly_captured"
    HELD = "held"
    LET_GO_LATE = "let_go_late"
    TAKEN_LATE = "taken_late"


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant: how it sells, and what the middle sale is worth in minor units."""

    name: str
    descriptor: str
    currency: str
    median_minor: int
    spread: float
    share: int
    fee_basis_points: int
    fee_fixed_minor: int


SHOPS = (
    Shop("Atelier Lumen", "ATELIER LUMEN", "EUR", 5_400, 0.75, 5, 140, 25),
    Shop("Harbor & Pine Outfitters", "HARBOR PINE", "USD", 8_900, 0.60, 3, 190, 30),
    Shop("Kisetsu Tea House", "KISETSU TEA", "JPY", 6_200, 0.50, 2, 220, 40),
)


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer who does not exist."""

    number: int
    shop: int
    name: str
    email: str
    phone: str
    address: str
    card: str


@dataclass(frozen=True, slots=True)
class Sale:
    """One payment to be. `refund_share` in thousandths of what was captured, 0 for none."""

    number: int
    shop: int
    buyer: Buyer
    at: datetime
    minor: int
    card: str
    fate: Fate
    refund_share: int
    is_returning: bool
    is_waiting: bool = False


def make_plan(*, payments: int, months: int, seed: int, until: datetime) -> list[Sale]:
    """The sales of `months` months before `until`, oldest first."""
    dice = random.Random(seed)  # noqa: S311
    moments = sorted(_moment(dice, months, until) for _ in range(payments))
    fates = _fates(dice, payments)
    refunds = _refunds(dice, fates)
    returning = _quota(dice, payments, RETURNING)
    buyers: list[list[Buyer]] = [[] for _ in SHOPS]
    sales: list[Sale] = []
    for number, at in enumerate(moments):
        shop = dice.choices(range(len(SHOPS)), [one.share for one in SHOPS])[0]
        known = buyers[shop]
        is_returning = returning[number] and bool(known)
        if not is_returning:
            known.append(_buyer(dice, sum(map(len, buyers)), shop, seed))
        buyer = dice.choice(known) if is_returning else known[-1]
        sales.append(
            Sale(
                number=number,
                shop=shop,
                buyer=buyer,
                at=at,
                minor=_amount(dice, SHOPS[shop]),
                card=_card(dice, number, buyer, fates[number]),
                fate=fates[number],
                refund_share=refunds[number],
                is_returning=is_returning,
            )
        )
    return _with_work_to_do(sales, until)


def _with_work_to_do(sales: list[Sale], until: datetime) -> list[Sale]:
    """Some large refunds of late that nobody decides, some money held that soon is let go of, and
    some that turned up after its payment had failed: one was let go, one cannot be given back.

    Chosen by their number, so that a second run on another day chooses the same.
    """
    late = sales[-len(sales) // 5 :]
    refunded = [sale.number for sale in sales if sale.refund_share]
    waiting = set(refunded[-WAITING:]) if len(refunded) > WAITING else set()
    whole = [sale.number for sale in late if sale.fate is Fate.CAPTURED and not sale.refund_share]
    held = {number: place for place, number in enumerate(whole[:HELD])}
    lost = dict(zip(whole[HELD:][:LOST], (Fate.LET_GO_LATE, Fate.TAKEN_LATE), strict=False))
    for place, sale in enumerate(sales):
        if sale.number in waiting:
            sales[place] = replace(
                sale, minor=max(sale.minor, WORTH), refund_share=1000, is_waiting=True
            )
        elif sale.number in held:
            since = until - HELD_FOR - timedelta(hours=11 * held[sale.number])
            sales[place] = replace(sale, fate=Fate.HELD, at=since)
        elif sale.number in lost:
            sales[place] = _lost(sale, lost[sale.number], until)
    return sorted(sales, key=lambda sale: sale.at)


def _lost(sale: Sale, fate: Fate, until: datetime) -> Sale:
    card = sale.card
    if fate is Fate.TAKEN_LATE:
        card = f"{CLOSED}.{card.partition('.')[2]}"
        until -= timedelta(hours=7)
    return replace(sale, fate=fate, card=card, at=until - LOST_AT)


def _quota(dice: random.Random, total: int, share: float) -> list[bool]:
    marks = [index < round(total * share) for index in range(total)]
    dice.shuffle(marks)
    return marks


def _moment(dice: random.Random, months: int, until: datetime) -> datetime:
    """A moment before `until`; today's hours are those that have gone by, and some minutes less."""
    days = max(1, round(months * 30.44))
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    gone_by = max(timedelta(0), until - midnight - timedelta(minutes=45))
    weights = [
        WEEKDAYS[(until - timedelta(days=back)).weekday()] * (GROWTH if back <= LATELY else 1)
        for back in range(days + 1)
    ]
    weights[0] = int(weights[0] * (gone_by / timedelta(days=1)))
    back = dice.choices(range(days + 1), weights)[0]
    hour = dice.choices(range(24), HOURS)[0]
    passed = timedelta(hours=hour, seconds=dice.randrange(3600))
    if back == 0:
        return midnight + passed / timedelta(days=1) * gone_by
    return midnight - timedelta(days=back) + passed


def _fates(dice: random.Random, total: int) -> list[Fate]:
    fates = [Fate.CAPTURED] * total
    counts = (
        (Fate.DECLINED, DECLINED),
        (Fate.VOIDED, VOIDED),
        (Fate.PARTLY_CAPTURED, PARTLY_CAPTURED),
    )
    place = 0
    for fate, share in counts:
        for _ in range(round(total * share)):
            fates[place] = fate
            place += 1
    dice.shuffle(fates)
    return fates


def _refunds(dice: random.Random, fates: list[Fate]) -> list[int]:
    # None among the latest sales: a refund comes days after its sale.
    settled = len(fates) - max(1, len(fates) * 4 // 100)
    captured = [i for i, fate in enumerate(fates[:settled]) if fate is Fate.CAPTURED]
    chosen = dice.sample(captured, min(len(captured), round(len(fates) * REFUNDED)))
    shares = [0] * len(fates)
    for index in chosen:
        shares[index] = dice.choice((1000, 1000, 1000, 500, 250, 333))
    return shares


def _amount(dice: random.Random, shop: Shop) -> int:
    minor = round(dice.lognormvariate(math.log(shop.median_minor), shop.spread))
    return max(100, min(minor, shop.median_minor * 40))


def _card(dice: random.Random, number: int, buyer: Buyer, fate: Fate) -> str:
    if fate is not Fate.DECLINED:
        return buyer.card
    # Every code once before any twice, so that even a small demo shows them all.
    codes = sorted(set(DECLINES))
    code = codes[number % len(codes)] if number % 2 else dice.choice(DECLINES)
    return f"tok_declined_{code}.{buyer.card.split('.')[1]}"


def _buyer(dice: random.Random, number: int, shop: int, seed: int) -> Buyer:
    given, family = dice.choice(GIVEN), dice.choice(FAMILY)
    mailbox = f"{given}.{family}.{number}".lower().replace("'", "").replace(" ", "")
    ascii_mailbox = mailbox.translate(str.maketrans("éèêëàâäîïôöùûüçæœñ", "eeeeaaaiioouuucaon"))
    return Buyer(
        number=number,
        shop=shop,
        name=f"{given} {family}",
        email=f"{ascii_mailbox}@example.test",
        phone=f"+33 1 99 {dice.randrange(100):02d} {number // 100 % 100:02d} {number % 100:02d}",
        address=f"{dice.randrange(1, 120)} {dice.choice(STREETS)}\n{dice.choice(TOWNS)}",
        card=f"{dice.choice(CARDS)}.s{seed}b{number}",
    )
