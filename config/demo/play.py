"""Playing the plan through the real commands and the sandbox provider, each at its own time.

Every key comes from the seed: played again, the commands answer what they made and change nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from audit import clock
from audit.actor import Actor, acting_as, system
from audit.notes.commands import add_note, put_tag
from audit.outbox.delivery import deliver_due
from config.access.snapshot import person
from config.demo.lost import come_to_nothing, lose, turn_up
from config.demo.plan import SHOPS, Buyer, Fate, Sale
from config.demo.seeds import seed_people, seed_settings
from config.demo.telling import open_account, tell_a_shop, use_account
from payments.commands.captures import capture_payment
from payments.commands.payments import create_payment
from payments.commands.refunds import approve_refund, refund_payment
from payments.commands.voids import void_payment
from payments.gateways.registry import get_gateway
from payments.ledger.money import Money
from payments.models import Payment, Refund
from payments.parties.commands import add_card, create_customer, create_merchant
from payments.parties.models import CardReference, Customer, Merchant
from payments.parties.policy import CardDetails

CHUNK = 60
LEASED = 100
CONNECTOR = "sandbox"
LOST = (Fate.LET_GO_LATE, Fate.TAKEN_LATE)
TALK = (
    ("Called twice. Wants to hear from us when the money is on its way.", "call_back"),
    ("Photos of the damage came by mail; the shop has seen them.", "waits_for_shop"),
    ("Third order this month, always friendly: be generous.", "vip"),
    ("Asked for the parcel to be sent elsewhere after paying. Look twice.", "suspicious"),
)
"""Notes and the tag that goes with each."""


@dataclass
class Player:
    """Plays a plan; `told` is called with each sale that is done."""

    seed: int
    until: datetime
    told: Callable[[int], None] = lambda _number: None
    customers: dict[int, Customer] = field(default_factory=dict)
    cards: dict[tuple[int, str], CardReference] = field(default_factory=dict)
    waiting: list[tuple[Refund, datetime]] = field(default_factory=list)

    @cached_property
    def agent(self) -> Actor:
        return person(self.people["support_agent"])

    @cached_property
    def lead(self) -> Actor:
        return person(self.people["support_lead"])

    def play(self, sales: list[Sale]) -> None:
        """All of it, in chunks so that the outbox is emptied in batches."""
        with acting_as(system("demo")):
            self.people = seed_people()
            seed_settings()
            first = min(sale.at for sale in sales) - timedelta(days=1)
            with clock.at(first):
                self.merchants = [self._merchant(number) for number in range(len(SHOPS))]
        for start in range(0, len(sales), CHUNK):
            self._chunk(sales[start : start + CHUNK])
        self._decide()
        with acting_as(system("demo")), clock.at(self.until):
            account = open_account(self.merchants[0], self.key("account"))
            self._deliver()
            use_account(account)
            tell_a_shop(self.merchants[0], self.until, self.key)

    def key(self, *parts: object) -> str:
        return ":".join(["demo", str(self.seed), *map(str, parts)])

    def _merchant(self, number: int) -> Merchant:
        shop = SHOPS[number]
        return create_merchant(
            name=shop.name,
            statement_descriptor=shop.descriptor,
            fixed_fees={shop.currency: shop.fee_fixed_minor},
            fee_basis_points=shop.fee_basis_points,
            is_live=True,
            key=self.key("merchant", number),
        )

    def _chunk(self, sales: list[Sale]) -> None:
        made: list[tuple[Sale, Payment]] = []
        with acting_as(system("demo.shop")):
            for sale in sales:
                with clock.at(sale.at):
                    made.append((sale, self._sell(sale)))
        self._deliver()
        with acting_as(system("demo.shop")):
            for sale, payment in made:
                self._follow(sale, payment)
        self._deliver()
        for sale, payment in made:
            if sale.fate is Fate.TAKEN_LATE:
                come_to_nothing(payment)
        for sale, payment in made:
            self._refund(sale, payment)
        self._deliver()
        self.told(len(sales))

    def _deliver(self) -> None:
        while deliver_due(LEASED, in_the_past=True):
            pass

    def _sell(self, sale: Sale) -> Payment:
        manual = sale.fate in (Fate.VOIDED, Fate.PARTLY_CAPTURED, Fate.HELD)
        customer = self._customer(sale.buyer)
        methods = Payment.CaptureMethod
        payment = create_payment(
            merchant_id=self.merchants[sale.shop].pk,
            customer_id=customer.pk,
            card_id=self._card(sale.buyer, sale.card).pk,
            amount=Money(sale.minor, SHOPS[sale.shop].currency),
            order_reference=f"ORD-{self.seed}-{10_000 + sale.number}",
            capture_method=methods.MANUAL if manual else methods.AUTOMATIC,
            key=self.key("payment", sale.number),
        )
        if sale.fate in LOST:
            lose(payment)
        return payment

    def _customer(self, buyer: Buyer) -> Customer:
        if buyer.number not in self.customers:
            self.customers[buyer.number] = create_customer(
                merchant_id=self.merchants[buyer.shop].pk,
                name=buyer.name,
                email=buyer.email,
                phone=buyer.phone,
                address=buyer.address,
                key=self.key("customer", buyer.number),
            )
        return self.customers[buyer.number]

    def _card(self, buyer: Buyer, token: str) -> CardReference:
        slot = (buyer.number, token)
        if slot not in self.cards:
            facts = get_gateway(CONNECTOR).get_card(token)
            self.cards[slot] = add_card(
                merchant_id=self.merchants[buyer.shop].pk,
                customer_id=self.customers[buyer.number].pk,
                connector=CONNECTOR,
                card=CardDetails(
                    token=facts.token,
                    brand=facts.brand,
                    last_four=facts.last4,
                    exp_month=facts.exp_month,
                    exp_year=facts.exp_year,
                    bin=facts.bin,
                    fingerprint=facts.fingerprint,
                    funding=facts.funding,
                    country=facts.country,
                ),
                key=self.key("card", buyer.number, token),
            )
        return self.cards[slot]

    def _follow(self, sale: Sale, payment: Payment) -> None:
        """What a shop does with what is held: takes part of it, or lets it go."""
        later = min(sale.at + timedelta(hours=20), self.until - timedelta(minutes=30))
        with clock.at(later):
            if sale.fate is Fate.VOIDED:
                void_payment(payment_id=payment.pk, key=self.key("void", sale.number))
            elif sale.fate is Fate.PARTLY_CAPTURED:
                capture_payment(
                    payment_id=payment.pk,
                    amount=Money(max(1, sale.minor * 3 // 5), payment.currency),
                    key=self.key("capture", sale.number),
                )
        if sale.fate in LOST:
            turn_up(payment, is_taken=sale.fate is Fate.TAKEN_LATE)

    def _refund(self, sale: Sale, payment: Payment) -> None:
        if not sale.refund_share:
            return
        when = sale.at + timedelta(days=1 + sale.number % 20, hours=2)
        latest = self.until - timedelta(minutes=20)
        when = latest - timedelta(hours=sale.number % 30) if sale.is_waiting else min(when, latest)
        minor = max(1, sale.minor * sale.refund_share // 1000)
        reasons = ("requested_by_customer", "defective", "not_received", "duplicate", "goodwill")
        with acting_as(self._at_desk(self.agent)), clock.at(when):
            refund = refund_payment(
                payment_id=payment.pk,
                amount=Money(minor, payment.currency),
                reason=reasons[sale.number % len(reasons)],
                key=self.key("refund", sale.number),
            )
            if sale.number % 3 == 0:
                self._talk(sale, payment)
        if refund.status == Refund.Status.AWAITING_APPROVAL and not sale.is_waiting:
            self.waiting.append((refund, when))

    def _talk(self, sale: Sale, payment: Payment) -> None:
        """What an agent leaves for the next one who opens the payment."""
        words, tag = TALK[sale.number // 3 % len(TALK)]
        key = self.key("note", sale.number)
        add_note(kind="payment", subject_id=payment.pk, text=words, key=key)
        put_tag(kind="payment", subject_id=payment.pk, code=tag)

    def _decide(self) -> None:
        """The lead approves what waits, but for what the plan leaves to whoever tries the demo."""
        self.waiting.sort(key=lambda one: one[1])
        for refund, asked_at in self.waiting:
            when = min(asked_at + timedelta(hours=3), self.until)
            with acting_as(self._at_desk(self.lead)), clock.at(when):
                approve_refund(subject_id=refund.pk, key=self.key("approval", refund.pk))
        self._deliver()

    def _at_desk(self, actor: Actor) -> Actor:
        return actor.during(uuid.uuid4().hex)
