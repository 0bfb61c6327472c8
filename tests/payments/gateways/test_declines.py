"""Every code that the sandbox says is explained, in both languages."""

from __future__ import annotations

import pytest
from django.utils import translation

from payments.gateways.declines import DECLINES, UNKNOWN_CODE, Category, explain, normalise
from payments.gateways.sandbox.provider.behaviours import BEHAVIOURS
from payments.gateways.sandbox.provider.declines import AUTHENTICATION_FAILED
from payments.gateways.sandbox.provider.declines import DECLINES as SAID
from payments.queries.arrival import explain_failure
from payments.queries.checks import FAULTS

CODES = sorted({*SAID, AUTHENTICATION_FAILED.code})
SECRETS = ("lost", "stolen", "fraud", "perdu", "volé", "fraude", "withheld", "retenir")


@pytest.mark.parametrize("code", CODES)
def test_a_code_says_whose_move_it_is_what_to_say_and_whether_to_try_again(code: str) -> None:
    decline = explain(normalise(code))
    assert decline.code == code != UNKNOWN_CODE
    assert isinstance(decline.retryable, bool)
    for words in (decline.for_customer, decline.for_agent, FAULTS[decline.fault]):
        with translation.override("en"):
            english = str(words)
        with translation.override("fr"):
            french = str(words)
        assert english
        assert french
        assert english != french


@pytest.mark.parametrize("code", sorted(DECLINES))
def test_a_customer_is_never_told_of_loss_theft_or_fraud(code: str) -> None:
    decline = DECLINES[code]
    for language in ("en", "fr"):
        with translation.override(language):
            told = str(decline.for_customer).lower()
            assert not any(word in told for word in SECRETS)
    if decline.category is Category.FRAUD:
        assert not decline.retryable


def test_why_a_refund_comes_back_is_explained_for_every_card_of_the_sandbox() -> None:
    codes = {one.refund_failure for one in BEHAVIOURS.values() if one.refund_failure}
    assert codes
    for code in codes:
        assert str(explain_failure(code))
