"""A capture as most would write it."""

from __future__ import annotations

import json
import random
import sys
import uuid
from datetime import timedelta

import django

PAYMENTS, SHOP_PAYMENTS = 200, 2000
"""As many as on our side."""


def main() -> None:
    django.setup()
    from auditlog.context import set_actor
    from django.contrib.auth.models import User
    from django.db import transaction
    from django.utils import timezone

    from bench.stock.models import Attempt, Capture, Message, Payment
    from bench.work import serve

    payments = list(Payment.objects.values_list("pk", flat=True))
    clerk = User.objects.get()

    def once() -> None:
        key, now = uuid.uuid4().hex, timezone.now()
        with transaction.atomic():
            if Capture.objects.filter(key=key).exists():
                return
            payment = Payment.objects.select_for_update().get(pk=random.choice(payments))
            attempt = Attempt.objects.filter(payment=payment).order_by("-number")[0]
            assert attempt.status == "authorized"
            assert payment.authorized_minor - payment.capture_pending_minor >= 1
            capture = Capture(
                key=key,
                fingerprint=key,
                payment=payment,
                attempt=attempt,
                connector=attempt.connector,
                amount_minor=1,
                currency=payment.currency,
                created_at=now,
            )
            capture.save()
            payment.capture_pending_minor += 1
            payment.save()
            Message(
                task="payments.send_capture",
                kwargs={"capture_id": str(capture.pk)},
                next_at=now,
                made_at=now,
                request_id=key,
            ).save()

    with set_actor(clerk, remote_addr="127.0.0.1"):
        serve(once)


def make() -> None:
    """The tables, and what is captured."""
    from django.apps import apps
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    assert apps.is_installed("auditlog")
    User.objects.create(username="bench")
    make_payments(0, PAYMENTS)


def make_payments(first: int, many: int) -> list[str]:
    """So many, numbered from `first`; their ids."""
    from django.utils import timezone

    from bench.stock.models import Attempt, Payment

    now = timezone.now()
    made = []
    for number in range(first, first + many):
        payment = Payment.objects.create(
            key=f"{number}",
            fingerprint="",
            reference=f"P-{number}",
            amount_minor=900_000_000,
            currency="EUR",
            capture_method="manual",
            status="authorized",
            created_at=now,
            authorized_minor=900_000_000,
        )
        Attempt.objects.create(
            key=f"{number}",
            fingerprint="",
            connector="sandbox",
            amount_minor=900_000_000,
            currency="EUR",
            created_at=now,
            payment=payment,
            number=1,
            status="authorized",
            expires_at=now + timedelta(days=7),
        )
        made.append(str(payment.pk))
    return made


def make_shop() -> None:
    """A key of the API, and payments of its own; told as JSON."""
    from bench.stock.http import digest_of
    from bench.stock.models import Key

    secret = f"ck_test_{uuid.uuid4().hex}"
    Key.objects.create(digest=digest_of(secret), owner="shop")
    told = {"secret": secret, "payments": make_payments(PAYMENTS, SHOP_PAYMENTS)}
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    if sys.argv[1] in ("make", "shop"):
        django.setup()
        make() if sys.argv[1] == "make" else make_shop()
    else:
        main()
