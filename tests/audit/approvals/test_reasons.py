"""Why a request was made: what was written stays as it is, what was chosen is read by each in his
own language."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import guard
from audit.approvals.models import Approval
from config.access.models import User
from payments.models import RefundReason
from tests.audit.approvals.conftest import Ask
from tests.audit.people import browser_of
from tests.payments.pages import words_of

pytestmark = pytest.mark.django_db

ENGLISH, FRENCH = "The customer changed their mind", "Le client a changé d'avis"


@pytest.fixture(autouse=True)
def _labels(ask: Ask) -> None:
    chosen = RefundReason.objects.filter(pk="requested_by_customer")
    with guard.suspended():
        chosen.update(label=ENGLISH, label_fr=FRENCH)


def read(lead: User, path: str, language: str) -> str:
    return words_of(browser_of(lead).get(path, headers={"accept-language": language}))


@pytest.mark.parametrize("place", ["/approvals/", "/approvals/{}/"])
def test_chosen_reason_is_read_in_the_reader_s_language(ask: Ask, lead: User, place: str) -> None:
    approval = ask()
    path = place.format(approval.pk)
    assert (approval.reason, approval.reason_code) == (ENGLISH, "requested_by_customer")
    english, french = (read(lead, path, language) for language in ("en", "fr"))
    assert ENGLISH in english
    assert FRENCH not in english
    assert FRENCH in french
    assert ENGLISH not in french


def test_reason_that_is_no_longer_offered_is_still_read(ask: Ask, lead: User) -> None:
    ask()
    with guard.suspended():
        RefundReason.objects.update(is_active=False)
    assert FRENCH in read(lead, "/approvals/", "fr")


@pytest.mark.parametrize("place", ["/approvals/", "/approvals/{}/"])
def test_what_was_written_stays_as_it_was_written(ask: Ask, lead: User, place: str) -> None:
    approval = ask(comment="Parcel lost")
    assert (approval.reason, approval.reason_code) == ("Parcel lost", "")
    assert "Parcel lost" in read(lead, place.format(approval.pk), "fr")


def test_request_from_before_codes_were_kept_shows_what_stands_there(ask: Ask, lead: User) -> None:
    approval = ask()
    with guard.suspended():
        Approval.objects.update(reason_code="")
    for path in ("/approvals/", f"/approvals/{approval.pk}/"):
        assert ENGLISH in read(lead, path, "fr")


def test_labels_of_a_page_are_read_at_once(ask: Ask, lead: User) -> None:
    for _ in range(8):
        ask(100_0)
    with CaptureQueriesContext(connection) as asked:
        browser_of(lead).get("/approvals/")
    reads = [one["sql"] for one in asked.captured_queries if "payments_refundreason" in one["sql"]]
    assert len(reads) == 1
    assert "approvals_approvallimit" in reads[0]
