"""Our side: the capture command as it is, with the pipeline, without it, or without the log."""

from __future__ import annotations

import random
import sys
import uuid

import django


def main(name: str) -> None:
    django.setup()
    from audit.actor import acting_as
    from bench import world
    from bench.work import serve
    from payments.commands.captures import capture_payment

    if "unaudited" in name:
        _turn_the_log_off()
    payments = world.payments_of(name)
    one = world.eur(1)

    def once() -> None:
        capture_payment(payment_id=random.choice(payments), amount=one, key=uuid.uuid4().hex)

    with acting_as(world.clerk()):
        serve(once)


def _turn_the_log_off() -> None:
    from audit import flush

    flush._entries = lambda work: []


if __name__ == "__main__":
    main(sys.argv[1])
