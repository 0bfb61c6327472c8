"""What shows things of both modes marks those of the other: what was touched last, long work."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import modes
from audit.actor import acting_as
from config.access.models import User
from payments.commands.bulk import act_on_many
from payments.models import Payment
from payments.queries.bulk import Act
from tests.audit.people import as_actor, browser_of
from tests.desk.test_mode import both as _both
from tests.desk.test_mode import person as _person
from tests.desk.test_mode import switch
from tests.payments import builders

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
both, person = _both, _person

MARKS = re.compile(r">(Live|Test)</span>")


def marks_in(page: str, around: str) -> list[str]:
    """The marks in the line of this thing."""
    _before, _found, after = page.partition(around)
    return MARKS.findall(after.partition("</li>")[0].partition("</tr>")[0])


@pytest.mark.parametrize("word", ["live", "test"])
def test_what_was_touched_last_is_marked_when_it_is_of_the_other_mode(
    person: User, both: dict[bool, Payment], word: str
) -> None:
    browser = browser_of(person)
    switch(browser, word, "/")
    for payment in both.values():
        browser.get(f"/payments/{payment.pk}/")
        browser.get(f"/customers/{payment.customer_id}/")
    page = browser.get("/").content.decode().partition('id="touched-title"')[2]
    for is_live, payment in both.items():
        is_other = is_live != (word == "live")
        mark = ["Live" if is_live else "Test"] if is_other else []
        assert payment.customer is not None
        assert marks_in(page, payment.reference) == mark
        assert marks_in(page, payment.customer.reference) == mark


def test_modes_of_what_was_touched_cost_one_select_and_none_without_any(
    person: User, both: dict[bool, Payment]
) -> None:
    things = [("payments.payment", str(one.pk)) for one in both.values()]
    things += [("parties.customer", str(one.customer_id)) for one in both.values()]
    with CaptureQueriesContext(connection) as queries:
        found = modes.find([*things, ("auth.group", "1"), ("payments.payment", str(uuid.uuid4()))])
    assert len(queries) == 1
    assert [found.get(one) for one in things] == [False, True, False, True]
    assert len(found) == len(things)
    with CaptureQueriesContext(connection) as queries:
        assert modes.find([("auth.group", "1")]) == {}
    assert len(queries) == 0


@pytest.mark.parametrize("word", ["live", "test"])
def test_long_work_is_marked_when_it_is_of_the_other_mode(
    person: User, both: dict[bool, Payment], word: str
) -> None:
    builders.make_reason()
    with acting_as(as_actor(person)):
        jobs = {
            is_live: act_on_many(
                act=Act.REFUND,
                rows=[(str(payment.pk), 100, "EUR")],
                reason="requested_by_customer",
                key=builders.new_key(),
            )
            for is_live, payment in both.items()
        }
        mixed = act_on_many(
            act=Act.REFUND,
            rows=[(str(payment.pk), 100, "EUR") for payment in both.values()],
            reason="requested_by_customer",
            key=builders.new_key(),
        )
    assert {is_live: job.is_live for is_live, job in jobs.items()} == {False: False, True: True}
    assert mixed.is_live is None
    browser = browser_of(person)
    switch(browser, word)
    page = browser.get("/jobs/").content.decode()
    for is_live, job in jobs.items():
        mark = ["Live" if is_live else "Test"] if is_live != (word == "live") else []
        assert marks_in(page, str(job.pk)) == mark
    assert marks_in(page, str(mixed.pk)) == []
    assert marks_in(browser.get(f"/jobs/{jobs[False].pk}/").content.decode(), "<h1") == ["Test"]
