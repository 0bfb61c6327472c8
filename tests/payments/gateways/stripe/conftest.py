from collections.abc import Iterator

import pytest

from payments.gateways.stripe.gateway import StripeGateway
from tests.payments.gateways.conftest import SHORT_S, TIMEOUT_S
from tests.payments.gateways.stripe.house import FakeStripe
from tests.payments.gateways.stripe.provider import running_stripe

SECRETS = ("whsec_thesecretofthetests", "whsec_thenextsecretofthetests")


@pytest.fixture
def stripe_house() -> Iterator[FakeStripe]:
    with running_stripe() as house:
        yield house


@pytest.fixture
def stripe_gateway(stripe_house: FakeStripe, db: None) -> StripeGateway:
    return StripeGateway(
        "sk_test_keyofthetests", SECRETS, base_url=stripe_house.url, timeout_s=TIMEOUT_S
    )


@pytest.fixture
def impatient_gateway(stripe_house: FakeStripe, db: None) -> StripeGateway:
    """Gives up soon."""
    return StripeGateway("sk_test_keyofthetests", base_url=stripe_house.url, timeout_s=SHORT_S)
