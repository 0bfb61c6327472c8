"""Real states, made through the real commands. What the provider says is said by hand here."""

from __future__ import annotations

import uuid
from typing import Any

from payments.commands.captures import record_capture_result
from payments.commands.payments import create_payment, record_authorization
from payments.commands.refunds import record_refund_result, refund_payment
from payments.gateways.commands import create_account, enable_account, record_trial
from payments.gateways.models import ConnectorAccount
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    OperationAnswer,
    OperationStatus,
)
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Increment, Payment, Refund, RefundReason
from payments.parties.commands import add_card, create_customer, create_merchant
from payments.parties.models import CardReference, Customer, Merchant
from payments.parties.policy import CardDetails

APPROVED = "tok_visa_approved"


def new_key() -> str:
    return uuid.uuid4().hex


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def make_merchant(**terms: Any) -> Merchant:
    """A merchant that takes EUR, USD and JPY; 1.4 % and 25 cents unless said otherwise."""
    return create_merchant(
        **{
            "name": "Atelier Lumen",
            "statement_descriptor": "LUMEN",
            "fixed_fees": {"EUR": 25, "USD": 30, "JPY": 40},
            "fee_basis_points": 140,
            "key": new_key(),
            **terms,
        }
    )


def make_customer(merchant: Merchant, **facts: Any) -> Customer:
    return create_customer(
        merchant_id=merchant.pk,
        **{
            "name": "Odile Fontane",
            "email": "odile.fontane@example.test",
            "phone": "+33 1 99 00 12 34",
            "key": new_key(),
            **facts,
        },
    )


def make_card(
    merchant: Merchant,
    customer: Customer | None = None,
    token: str = APPROVED,
    *,
    is_live: bool = False,
) -> CardReference:
    if is_live:
        make_live_account()
    return add_card(
        merchant_id=merchant.pk,
        customer_id=customer.pk if customer else None,
        connector="stripe" if is_live else "sandbox",
        card=CardDetails(
            token=token,
            brand="visa",
            bin="400000",
            last_four="0077",
            exp_month=12,
            exp_year=2030,
        ),
        is_live=is_live,
        key=new_key(),
    )


def make_live_account() -> ConnectorAccount:
    """The house's account for real money, as if the provider had taken its key."""
    account = create_account(
        connector="stripe",
        name="Real",
        is_live=True,
        api_key="sk_live_keyofthetests",
        key="the live account of the tests",
    )
    tried, passed = account.next_api_key, ConnectorAccount.Trial.PASSED
    record_trial(account_id=account.pk, tried=tried, outcome=passed)
    return enable_account(account_id=account.pk)


def make_reason(code: str = "requested_by_customer") -> RefundReason:
    reason, _made = RefundReason.objects.get_or_create(
        code=code, defaults={"label": "Customer asked", "label_fr": "Demande du client"}
    )
    return reason


def new_payment(amount: Money | None = None, **given: Any) -> Payment:
    """A payment whose first attempt waits to be sent."""
    merchant = given.pop("merchant", None) or make_merchant()
    customer = given.pop("customer", None) or make_customer(merchant)
    card = given.pop("card", None) or make_card(merchant, customer)
    return create_payment(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        card_id=card.pk,
        amount=amount or eur(10_000),
        **{"key": new_key(), "capture_method": Payment.CaptureMethod.MANUAL, **given},
    )


def authorization_answer(
    attempt: Attempt, status: str = "authorized", **facts: Any
) -> AuthorizationAnswer:
    """What a provider would say of an attempt."""
    amount = Money(attempt.amount_minor, attempt.currency)
    held = status in ("authorized", "partially_authorized")
    return AuthorizationAnswer(
        **{
            "status": AuthorizationStatus(status),
            "reference": f"auth_{attempt.pk.hex}",
            "amount": amount,
            "approved": amount if held else Money(0, attempt.currency),
            "raw_status": status,
            **facts,
        }
    )


def operation_answer(
    row: Capture | Refund | Increment, status: str = "succeeded", **facts: Any
) -> OperationAnswer:
    """What a provider would say of a capture, a refund or an increment."""
    return OperationAnswer(
        **{
            "status": OperationStatus(status),
            "reference": f"op_{row.pk.hex}",
            "amount": row.amount,
            "raw_status": status,
            **facts,
        }
    )


def void_answer(attempt: Attempt, status: str = "succeeded", **facts: Any) -> OperationAnswer:
    """What a provider would say of a void that was asked for."""
    return OperationAnswer(
        **{
            "status": OperationStatus(status),
            "reference": f"void_{attempt.pk.hex}",
            "amount": Money(attempt.void_minor, attempt.currency),
            "raw_status": status,
            **facts,
        }
    )


def answer_attempt(payment: Payment, status: str = "authorized", **facts: Any) -> Payment:
    """Record an answer to a payment's last attempt; the payment as it is then."""
    attempt = Attempt.objects.filter(payment=payment).order_by("-number")[0]
    answer = authorization_answer(attempt, status, **facts)
    record_authorization(attempt_id=attempt.pk, answer=answer, key=str(attempt.pk))
    return Payment.objects.get(pk=payment.pk)


def authorized_payment(amount: Money | None = None, **given: Any) -> Payment:
    return answer_attempt(new_payment(amount, **given))


def captured_payment(amount: Money | None = None, **given: Any) -> Payment:
    """A payment captured in full, as most are."""
    given.setdefault("capture_method", Payment.CaptureMethod.AUTOMATIC)
    payment = authorized_payment(amount, **given)
    capture = Capture.objects.get(payment=payment)
    answer = operation_answer(capture)
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    return Payment.objects.get(pk=payment.pk)


def requested_refund(payment: Payment, amount: Money, **given: Any) -> Refund:
    make_reason()
    return refund_payment(
        payment_id=payment.pk,
        amount=amount,
        **{"reason": "requested_by_customer", "key": new_key(), **given},
    )


def answer_refund(refund: Refund, status: str = "succeeded", **facts: Any) -> Refund:
    answer = operation_answer(refund, status, **facts)
    record_refund_result(refund_id=refund.pk, answer=answer, key=str(refund.pk))
    return Refund.objects.get(pk=refund.pk)


def refunded_payment(amount: Money | None = None, **given: Any) -> Payment:
    payment = captured_payment(amount, **given)
    answer_refund(requested_refund(payment, payment.refundable))
    return Payment.objects.get(pk=payment.pk)
