"""The log explorer: what it finds, what it costs, and that looking is on record."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import keyset, log
from audit.actor import Actor, acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.keyset import Cursor, Place
from audit.models import LogEntry, Outcome
from audit.queries import Wanted, list_entries
from audit.reading import find_target
from config.access.models import User
from tests.audit.people import as_actor, browser_of, hire

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def auditor() -> User:
    return hire("Ada Lund", "auditor")


@pytest.fixture
def reader(auditor: User) -> Client:
    return browser_of(auditor)


def write(*entries: dict[str, Any], actor: Actor | None = None) -> list[LogEntry]:
    """Entries at given moments of the database's clock."""
    made = []
    for given in entries:
        fields = dict(given)
        at = fields.pop("at", NOON)
        made.append(
            log.make_entry(
                actor or operator("test"), fields.pop("event", "toys.toy.made"), **fields
            )
        )
        made[-1].timestamp = at
    log.write(made)
    return made


def shown(answer: Any) -> list[str]:
    """The entries on a page, in its order, by their ids."""
    return re.findall(r'href="/log/([0-9a-f-]{36})/"', answer.content.decode())


def ids(entries: list[LogEntry]) -> list[str]:
    return [str(entry.pk) for entry in entries]


def link(answer: Any, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}"\s+href="([^"]+)"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else None


def test_newest_entry_stands_first(reader: Client) -> None:
    old, new = write({"at": NOON}, {"at": NOON + timedelta(hours=1)})
    answer = reader.get("/log/", {"event": "toys."})
    assert shown(answer) == ids([new, old])


@pytest.mark.parametrize("role", ["support_agent", "finance_controller", "access_administrator"])
def test_log_is_closed_to_a_role_without_the_permission(role: str) -> None:
    max_ = browser_of(hire("Max Orr", role))
    [entry] = write({})
    for path in ("/log/", f"/log/{entry.pk}/", "/log/people/"):
        assert max_.get(path).status_code == 403
    assert max_.post("/log/people/", {"q": "Max"}).status_code == 403
    denied = LogEntry.objects.filter(event="access.log.explorer")
    assert [one.outcome for one in denied] == [Outcome.DENIED]


def test_visitor_is_asked_to_sign_in() -> None:
    answer = Client().get("/log/")
    assert (answer.status_code, answer["Location"][:17]) == (302, "/accounts/login/?")


def test_reading_the_log_is_itself_on_record(reader: Client, auditor: User) -> None:
    [entry] = write({})
    reader.get("/log/", {"event": "toys."})
    reader.get(f"/log/{entry.pk}/")
    looked = LogEntry.objects.get(event="access.log.explorer")
    assert looked.actor_id == auditor.pk
    assert looked.additional_data["data"] == "record"
    assert looked.additional_data["ids"] == [str(entry.pk)]
    read = LogEntry.objects.get(event="access.log.entry")
    assert (read.object_pk, read.action) == (str(entry.pk), LogEntry.Action.ACCESS)


def walk(reader: Client, first: str, rel: str) -> list[list[str]]:
    pages, url = [], first
    while url:
        answer = reader.get(url)
        pages.append(shown(answer))
        step = link(answer, rel)
        url = f"{step}" if step else ""
    return pages


def test_pages_neither_repeat_nor_lose_entries_that_share_a_moment(reader: Client) -> None:
    made = write(*[{"at": NOON + timedelta(seconds=number // 60)} for number in range(130)])
    pages = walk(reader, "/log/?event=toys.", "next")
    assert [len(page) for page in pages] == [50, 50, 30]
    every = [one for page in pages for one in page]
    assert len(set(every)) == 130
    assert set(every) == set(ids(made))
    last = walk(reader, "/log/?event=toys.", "next")[-1]
    assert last == pages[-1]


def test_going_back_shows_the_same_pages(reader: Client) -> None:
    write(*[{"at": NOON} for _ in range(130)])
    answer = reader.get("/log/?event=toys.")
    pages, urls = [shown(answer)], []
    while url := link(answer, "next"):
        urls.append(url)
        answer = reader.get(url)
        pages.append(shown(answer))
    back = walk(reader, urls[-1], "prev")
    assert back == list(reversed(pages))


def test_page_stays_where_it_was_while_entries_come(reader: Client) -> None:
    write(*[{"at": NOON} for _ in range(60)])
    second = link(reader.get("/log/?event=toys."), "next")
    assert second
    before = shown(reader.get(second))
    write(*[{"at": NOON + timedelta(minutes=1)} for _ in range(60)])
    assert shown(reader.get(second)) == before


def test_page_link_keeps_the_filters(reader: Client) -> None:
    write(*[{} for _ in range(51)])
    url = link(reader.get("/log/?event=toys.&outcome=done"), "next")
    assert url
    assert parse_qs(urlsplit(url).query)["outcome"] == ["done"]


@pytest.mark.parametrize("cursor", ["x", "1-2", f"{10**30}-{uuid.UUID(int=1).hex}", "-"])
def test_cursor_that_no_page_wrote_shows_the_first_page_and_says_so(
    reader: Client, cursor: str
) -> None:
    [entry] = write({})
    answer = reader.get("/log/", {"event": "toys.", "after": cursor})
    assert answer.status_code == 200
    assert b"this is the first" in answer.content
    assert shown(answer) == ids([entry])


def test_cursor_survives_its_way_through_the_address() -> None:
    cursor = Cursor(NOON + timedelta(microseconds=1), uuid.uuid4())
    assert Place.read({"before": str(cursor)}) == Place(cursor, is_before=True)


def test_person_filter_finds_what_that_person_did(reader: Client) -> None:
    max_, eve = hire("Max Orr", "support_agent"), hire("Eve Holm", "support_agent")
    [his] = write({}, actor=as_actor(max_))
    write({}, actor=as_actor(eve))
    answer = reader.get("/log/", {"person": str(max_.pk), "event": "toys."})
    assert shown(answer) == ids([his])
    assert b"Max Orr" in answer.content
    assert b"support agent" in answer.content


def test_object_filter_takes_an_id_a_reference_and_a_kind_with_a_key(reader: Client) -> None:
    max_ = hire("Max Orr", "support_agent")
    role = Group.objects.get(name="support_agent")
    about_max, about_role = write({"obj": max_}, {"obj": role})
    for text in (str(max_.pk), max_.pk.hex, max_.reference, max_.reference.lower()):
        answer = reader.get("/log/", {"about": text, "event": "toys."})
        assert shown(answer) == ids([about_max]), text
    answer = reader.get("/log/", {"about": f"auth.group:{role.pk}", "event": "toys."})
    assert shown(answer) == ids([about_role])


def test_event_filter_takes_a_prefix_and_a_whole_code(reader: Client) -> None:
    asked, sent = write(
        {"event": "payments.refund.requested"}, {"event": "payments.refund.succeeded"}
    )
    write({"event": "payments.capture.requested"})
    assert set(shown(reader.get("/log/", {"event": "payments.refund."}))) == {*ids([asked, sent])}
    answer = reader.get("/log/", {"event": "payments.refund.requested"})
    assert shown(answer) == ids([asked])


def test_outcome_time_and_request_narrow_what_is_found(reader: Client) -> None:
    [first] = write({"at": NOON})
    [second] = write({"at": NOON + timedelta(hours=1), "outcome": Outcome.DENIED})
    for filters, expected in (
        ({"outcome": "denied"}, [second]),
        ({"since": "2026-03-01T12:30", "until": "2026-03-01T14:00"}, [second]),
        ({"since": "2026-03-01T12:00", "until": "2026-03-01T13:00"}, [first]),
        ({"request": first.cid}, [first]),
    ):
        answer = reader.get("/log/", {"event": "toys.", **filters})
        assert set(shown(answer)) == set(ids(expected)), filters


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"person": "nobody"}, "Enter a valid UUID"),
        ({"person": str(uuid.UUID(int=7))}, "There is no such person"),
        ({"about": "P-000000000000"}, "Nothing is known by this reference"),
        ({"about": "what?"}, "Nothing is known by this reference"),
        ({"about": "no.model:5"}, "Nothing is known by this reference"),
        ({"outcome": "maybe"}, "not one of the available choices"),
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"since": "2026-03-02T00:00", "until": "2026-03-01T00:00"}, "This is not after"),
        ({"request": "a b"}, "letters, digits and dashes"),
        ({"event": "x\0y"}, "Null characters"),
        ({"about": "x" * 300}, "at most 120"),
    ],
)
def test_filter_that_cannot_be_understood_shows_nothing_and_says_why(
    reader: Client, filters: dict[str, str], words: str
) -> None:
    write({})
    answer = reader.get("/log/", filters)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert "one of the filters cannot be understood" in answer.content.decode()
    assert shown(answer) == []


def test_nothing_that_fits_is_said(reader: Client) -> None:
    answer = reader.get("/log/", {"event": "toys.never"})
    assert b"Nothing fits these filters" in answer.content


def test_person_is_looked_up_by_post_and_only_the_id_reaches_the_address(reader: Client) -> None:
    max_ = hire("Max Orr", "support_agent")
    for text in ("max@house.test", "MAX@house.test", "orr", max_.reference):
        answer = reader.post("/log/people/?event=toys.", {"q": text})
        assert answer.status_code == 302
        assert answer["Location"] == f"/log/?event=toys.&person={max_.pk}"


def test_several_people_of_a_name_are_offered_by_id(reader: Client) -> None:
    one, two = hire("Max Orr"), hire("Maxine Orr")
    answer = reader.post("/log/people/?outcome=done", {"q": "orr"})
    assert "orr" not in answer["Location"].lower()
    page = reader.get(answer["Location"])
    for person in (one, two):
        assert f"/log/?outcome=done&amp;person={person.pk}" in page.content.decode()
    looked = LogEntry.objects.get(event="access.log.people")
    assert set(looked.additional_data["ids"]) == {str(one.pk), str(two.pk)}


def test_more_people_than_fit_are_said_to_be_there(reader: Client) -> None:
    from audit.queries import MOST_FOUND

    for number in range(MOST_FOUND):
        hire(f"Max{number:02d} Orr")
    words = "There are more: write more of the name."
    assert words not in reader.post("/log/people/", {"q": "orr"}, follow=True).content.decode()
    hire("Zoe Orr")
    page = reader.post("/log/people/", {"q": "orr"}, follow=True).content.decode()
    assert words in page
    assert page.count("person=") == MOST_FOUND


def test_nobody_found_is_said_and_the_filters_stay(reader: Client) -> None:
    answer = reader.post("/log/people/?outcome=done", {"q": "nobody@house.test"}, follow=True)
    assert answer.redirect_chain == [("/log/?outcome=done", 302)]
    assert b"Nobody was found" in answer.content


@pytest.mark.parametrize("query", ["", "event=toys.", "person=ada", "about=ada", "outcome=done"])
def test_page_of_many_entries_takes_a_bounded_number_of_queries(
    reader: Client, auditor: User, query: str
) -> None:
    query = query.replace("person=ada", f"person={auditor.pk}")
    query = query.replace("about=ada", f"about={auditor.reference}")
    write(*[{"obj": auditor} for _ in range(60)], actor=as_actor(auditor))
    with CaptureQueriesContext(connection) as asked:
        answer = reader.get(f"/log/?{query}")
    assert len(shown(answer)) == 50
    assert len(asked) <= MOST_QUERIES, [one["sql"][:90] for one in asked]
    assert not any("COUNT(" in one["sql"] for one in asked)


@pytest.mark.parametrize("index", ["time", "actor", "object", "event", "request"])
def test_each_filter_has_its_index(auditor: User, index: str) -> None:
    wanted = {
        "time": Wanted(since=NOON),
        "actor": Wanted(person=auditor.pk),
        "object": Wanted(target=find_target(str(auditor.pk))),
        "event": Wanted(event="payments.refund.requested"),
        "request": Wanted(request="abc"),
    }[index]
    rows = list_entries(wanted).order_by("-timestamp", "-pk")[:51]
    if connection.vendor != "sqlite":
        # A table as small as this one would be read whole.
        connection.cursor().execute("SET LOCAL enable_seqscan = off")
    plan = rows.explain()
    assert f"audit_log_{index}" in plan, plan


def test_entry_page_shows_before_and_after_who_and_the_way_to_its_request(
    reader: Client,
) -> None:
    max_ = hire("Max Orr", "support_lead")
    [entry] = write(
        {
            "obj": max_,
            "changes": {
                "is_active": ["True", "False"],
                "email": ["masked:aa", "masked:bb"],
                "groups": {"type": "m2m", "operation": "add", "objects": ["auditor"]},
            },
            "data": {"refusal": "too_late"},
            "command_id": uuid.uuid4(),
        },
        actor=as_actor(max_),
    )
    page = reader.get(f"/log/{entry.pk}/").content.decode()
    cells = re.findall(r"<span>(\w+)</span>", page)
    assert ("yes" in cells, "no" in cells, "auditor" in cells) == (True, True, True)
    for words in ("hidden", "too_late", "Max Orr", "support lead"):
        assert words in page
    for hidden in ("masked:", "aa</", "max@house.test"):
        assert hidden not in page
    assert f"/log/?request={entry.cid}" in page
    assert f"/log/?about={max_.pk}" in page
    assert str(entry.command_id) in page


def test_value_of_a_choice_is_shown_as_people_know_it(reader: Client) -> None:
    with acting_as(operator("test")):
        limit = ApprovalLimit(
            role=Group.objects.get(name="support_agent"), currency="EUR", max_minor=1
        )
        limit.save()
    [entry] = write({"obj": limit, "changes": {"kind": ["None", "refund"], "gone": ["1", "2"]}})
    page = reader.get(f"/log/{entry.pk}/").content.decode()
    assert "<span>refund</span>" in page
    assert ">Gone<" in page
    assert f"/log/?about={limit.pk}" in page


def test_entry_that_is_not_there_is_not_found(reader: Client) -> None:
    assert reader.get(f"/log/{uuid.uuid4()}/").status_code == 404


def test_object_is_linked_only_for_who_may_open_it(reader: Client) -> None:
    max_ = hire("Max Orr", "support_agent")
    [entry] = write({"obj": max_})
    address = f"/admin/access/user/{max_.pk}/change/"
    assert address not in reader.get(f"/log/{entry.pk}/").content.decode()
    with acting_as(operator("test")):
        root = User.objects.create_superuser("root@house.test", "quiet harbour 41 lanterns")
    assert address in browser_of(root).get(f"/log/{entry.pk}/").content.decode()


def test_event_that_nobody_put_into_words_is_shown_as_its_code(reader: Client) -> None:
    write({"event": "toys.toy.made"})
    answer = reader.get("/log/", {"event": "toys."})
    assert b">toys.toy.made</a>" in answer.content


def test_page_before_the_first_row_is_the_first_page() -> None:
    made = write(*[{"at": NOON + timedelta(seconds=number)} for number in range(3)])
    edge = Place(Cursor(NOON + timedelta(days=1), uuid.uuid4()), is_before=True)
    page = keyset.take(
        list_entries(Wanted(event="toys.")), edge, by="timestamp", descending=True, size=2
    )
    assert ids(page.rows) == ids(made[:0:-1])
    beyond = Place(Cursor(NOON + timedelta(seconds=2), made[2].pk), is_before=True)
    page = keyset.take(
        list_entries(Wanted(event="toys.")), beyond, by="timestamp", descending=True, size=2
    )
    assert ids(page.rows) == ids(made[:0:-1])
