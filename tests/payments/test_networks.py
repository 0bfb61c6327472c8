"""How long authorizations live, as the administrators' table has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import clock, guard
from audit.models import LogEntry
from payments.install import TERMS, make_missing_terms
from payments.models import Attempt, NetworkTerms
from payments.queries.networks import get_hold
from tests.payments.builders import (
    answer_attempt,
    authorization_answer,
    eur,
    new_payment,
)
from tests.payments.pages import agent_browser, hidden, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
VISA = "/admin/payments/networkterms/visa/change/"


def life_of(network: str) -> timedelta:
    payment = answer_attempt(new_payment(eur(1_000)), network=network)
    attempt = Attempt.objects.get(payment=payment)
    assert attempt.expires_by == "network"
    assert attempt.expires_at is not None
    return timedelta(days=round((attempt.expires_at - clock.now()) / timedelta(days=1)))


def test_table_is_made_with_the_database_and_names_its_sources() -> None:
    made = NetworkTerms.objects.values_list("network", "holds_days", "source")
    assert sorted(made) == sorted(TERMS)
    assert all(source for _network, _days, source in made)


def test_what_an_administrator_sets_counts_for_the_next_authorization_and_is_on_record() -> None:
    browser = agent_browser("Constance Roy", "finance_controller")
    version = hidden(browser.get(VISA), "version")
    sent = {"holds_days": "10", "source": "Contract of 2026", "version": version}
    assert browser.post(VISA, sent).status_code == 302
    assert life_of("visa") == timedelta(days=10)
    assert life_of("mastercard") == timedelta(days=7)
    entry = LogEntry.objects.get(event="payments.networkterms.changed")
    assert entry.changes["holds_days"] == ["7", "10"]
    make_missing_terms()
    assert get_hold("visa") == timedelta(days=10), "what was edited stays"
    stale = browser.post(VISA, {**sent, "holds_days": "3"})
    assert stale.status_code == 200
    assert get_hold("visa") == timedelta(days=10)


@pytest.mark.parametrize("days", ["0", "61", "-1", "seven"])
def test_life_that_makes_no_sense_is_refused(days: str) -> None:
    browser = agent_browser("Constance Roy", "finance_controller")
    version = hidden(browser.get(VISA), "version")
    sent = {"holds_days": days, "source": "Contract", "version": version}
    assert browser.post(VISA, sent).status_code == 200
    assert get_hold("visa") == timedelta(days=7)


def test_network_that_nobody_knows_lives_as_the_others() -> None:
    with guard.suspended():
        NetworkTerms.objects.filter(network="other").update(holds_days=5)
    assert life_of("a network of tomorrow") == timedelta(days=5)
    assert life_of("") == timedelta(days=5)


def test_without_any_row_it_lives_as_short_as_any() -> None:
    with guard.suspended():
        NetworkTerms.objects.all().delete()
    assert life_of("discover") == timedelta(days=7)


def test_where_the_provider_says_it_the_table_is_not_asked() -> None:
    payment = new_payment(eur(1_000))
    attempt = Attempt.objects.get(payment=payment)
    ends_at = clock.now() + timedelta(hours=3)
    assert authorization_answer(attempt, expires_at=ends_at).expires_at == ends_at
    with CaptureQueriesContext(connection) as queries:
        answer_attempt(payment, expires_at=ends_at)
    assert not [one for one in queries if "payments_networkterms" in one["sql"]]
    attempt.refresh_from_db()
    assert (attempt.expires_at, attempt.expires_by) == (ends_at, "provider")


def test_payment_page_tells_who_says_the_end_and_why_nothing_may_be_taken_after_it() -> None:
    payment = answer_attempt(new_payment(eur(1_000)), network="visa")
    browser = agent_browser("Lea Lund", "support_lead")
    with translation.override("en"):
        assert "as it is set for the network" in words_of(browser.get(page_of(payment)))
        with guard.suspended():
            late = clock.now() - timedelta(minutes=1)
            Attempt.objects.filter(payment=payment).update(expires_at=late)
        page = words_of(browser.get(page_of(payment)))
        assert "The authorization has expired, as it is set for its network." in page
