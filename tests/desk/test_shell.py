"""The frame of every page: menu, words for trouble, tags, assets, and what the browser forbids."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation

from config.desk import context
from config.desk.amounts import format_money
from config.desk.templatetags import desk
from payments.ledger.money import Money

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
frame_urls = pytest.mark.urls("tests.desk.frame_urls")


@dataclass
class Somebody:
    permissions: set[str] = field(default_factory=set)
    is_staff: bool = False
    is_authenticated: bool = True
    is_anonymous: bool = False
    name: str = "Agathe Morel"
    email: str = "agathe@demo.test"

    def has_perm(self, perm: str) -> bool:
        return perm in self.permissions


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def draw(source: str, **values: object) -> str:
    return engines["django"].from_string("{% load desk %}" + source).render(values)


def menu(user: object, path: str = "/", namespace: str = "desk") -> list[context.Link]:
    request = RequestFactory().get(path)
    request.user = user  # type: ignore[assignment]
    names = {"namespace": namespace, "url_name": "home", "view_name": f"{namespace}:home"}
    request.resolver_match = SimpleNamespace(**names)  # type: ignore[assignment]
    return context.links(request)


@frame_urls
def test_menu_holds_only_what_the_person_may_open() -> None:
    agent = Somebody({"payments.view_payment"})
    lead = Somebody({"payments.view_payment", "approvals.view_approval", "audit.view_logentry"})
    assert [str(link.label) for link in menu(agent)] == ["Home", "Payments"]
    assert [str(link.label) for link in menu(lead)] == ["Home", "Payments", "Approvals", "Log"]
    assert [str(link.label) for link in menu(Somebody(is_staff=True))] == ["Home", "Administration"]


@frame_urls
def test_menu_of_a_visitor_is_empty() -> None:
    assert menu(AnonymousUser()) == []
    assert context.links(RequestFactory().get("/")) == []


@frame_urls
def test_menu_marks_the_page_that_is_open() -> None:
    links = menu(Somebody({"payments.view_payment"}), "/payments/", "payments")
    assert [str(link.label) for link in links if link.is_current] == ["Payments"]


@pytest.mark.parametrize(
    ("minor", "currency", "english", "french"),
    [
        (123450, "EUR", "EUR 1,234.50", "1 234,50 EUR"),
        (-1234, "USD", "USD -12.34", "-12,34 USD"),
        (1200, "JPY", "JPY 1,200", "1 200 JPY"),
        (1234567, "KWD", "KWD 1,234.567", "1 234,567 KWD"),
        (1, "IQD", "IQD 0.001", "0,001 IQD"),
        (0, "EUR", "EUR 0.00", "0,00 EUR"),
    ],
)
def test_money_has_the_decimals_of_iso_4217_and_its_code(
    minor: int, currency: str, english: str, french: str
) -> None:
    for language, expected in (("en", english), ("fr", french)):
        with translation.override(language):
            shown = draw("{% money minor currency %}", minor=minor, currency=currency)
            assert re.sub(r"\s", " ", shown) == expected
            assert draw("{{ amount|money }}", amount=Money(minor, currency)) == shown


def test_money_never_breaks_over_two_lines() -> None:
    assert " " not in format_money(123456789, "EUR", desk.active_locale())


def test_money_of_nothing_is_nothing() -> None:
    assert draw("{{ amount|money }}", amount=None) == ""


def test_badge_says_the_state_in_colour_and_in_words() -> None:
    assert draw('{% status_badge "captured" "captured" %}') == (
        '<span class="badge bg-green-lt" data-status="captured">Captured</span>'
    )


def test_badge_of_an_unheard_of_state_is_neutral_and_escaped() -> None:
    shown = draw("{% status_badge status %}", status="<new>")
    assert 'class="badge bg-secondary-lt"' in shown
    assert "&lt;new&gt;</span>" in shown


def test_time_tag_shows_local_words_and_utc_in_its_title() -> None:
    moment = datetime(2026, 7, 1, 22, 30, 5, 123456, tzinfo=UTC)
    with translation.override("fr"):
        shown = draw(
            "{% load tz %}{% timezone 'Europe/Paris' %}{% time_tag at %}{% endtimezone %}",
            at=moment,
        )
    assert 'title="2026-07-01 22:30:05 UTC"' in shown
    assert 'datetime="2026-07-01T22:30:05.123+00:00"' in shown
    assert ">2 juil. 2026, 00:30<" in shown


def test_time_tag_can_show_seconds_or_only_the_day() -> None:
    moment = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
    assert ">1 Jul 2026, 22:30:05<" in draw('{% time_tag at "second" %}', at=moment)
    assert ">1 Jul 2026<" in draw('{% time_tag at "day" %}', at=moment)
    assert draw("{% time_tag at %}", at=None) == ""


def test_every_icon_that_is_asked_for_exists_and_has_no_inline_style() -> None:
    names = {entry.icon for entry in context.ENTRIES} | {
        name for _tone, name in desk.ALERTS.values()
    }
    for template in TEMPLATES:
        names.update(re.findall(r'{% icon "([\w-]+)"', template.read_text()))
    assert len(names) > 15
    for name in names:
        drawn = desk.icon(name)
        assert drawn.startswith("<svg")
        assert "style=" not in drawn
        assert 'aria-hidden="true"' in drawn


def test_no_template_holds_anything_the_content_policy_forbids() -> None:
    # A block of data is no script: nothing runs it.
    script = r"<script(?![^>]*\s(?:src=|type=\"application/json\"))"
    forbidden = re.compile(rf"<style|\sstyle=|\son[a-z]+=|javascript:|{script}", re.IGNORECASE)
    found = {str(path): forbidden.findall(path.read_text()) for path in TEMPLATES}
    assert {path: hits for path, hits in found.items() if hits} == {}


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "429.html", "500.html", "503.html"])
def test_page_for_a_bad_hour_needs_no_database_and_no_context(name: str) -> None:
    page = get_template(name).render()
    assert "<h1>" in page
    assert "If you ask for help" not in page
    assert "req-42" in get_template(name).render({"request_id": "req-42"})


def test_page_of_an_unknown_outcome_does_not_promise_that_nothing_changed() -> None:
    page = get_template("503.html").render({"message": "It may have been done."})
    assert "It may have been done." in page
    assert "Nothing was changed" not in page


@frame_urls
@pytest.mark.parametrize("name", ["403.html", "404.html", "refusal.html"])
def test_page_of_a_refusal_keeps_the_menu_and_names_the_request(name: str) -> None:
    request = RequestFactory().get("/payments/x/")
    request.user = Somebody({"payments.view_payment"})  # type: ignore[assignment]
    values = {"request_id": "req-7", "message": "Somebody was faster."}
    page = get_template(name).render(
        {**values, "user": request.user, "navigation": context.links(request)}
    )
    assert "req-7" in page
    assert page.count("req-7") == 1
    assert 'href="/payments/"' in page


def frame(user: object) -> str:
    """A page of nothing but the frame, as this person gets it."""
    request = RequestFactory().get("/payments/?state=captured")
    request.user = user  # type: ignore[assignment]
    message = Message(constants.ERROR, "The provider said no.")
    return get_template("base.html").render(
        {"navigation": menu(user, namespace="payments"), "user": user, "messages": [message]},
        request,
    )


@frame_urls
def test_frame_begins_with_the_way_past_it() -> None:
    page = frame(Somebody({"payments.view_payment"}))
    first_link = re.search(r"<a [^>]*>", page[page.index("<body") :])
    assert first_link
    assert 'href="#content"' in first_link[0]
    assert 'id="content"' in page


@frame_urls
def test_frame_changes_language_and_signs_out_by_post_only() -> None:
    page = frame(Somebody())
    forms = re.findall(r'<form method="(\w+)" action="([^"]+)"', page)
    assert forms == [("post", "/i18n/setlang/"), ("post", "/accounts/logout/")]
    assert page.count("csrfmiddlewaretoken") == 2
    assert 'name="next" value="/payments/?state=captured"' in page


@frame_urls
def test_frame_of_a_visitor_has_a_way_in_and_no_menu() -> None:
    page = frame(AnonymousUser())
    assert 'href="/accounts/login/"' in page
    assert "/accounts/logout/" not in page
    assert 'href="/payments/"' not in page


@frame_urls
def test_frame_speaks_an_error_aloud() -> None:
    page = frame(Somebody())
    assert 'aria-live="polite"' in page
    assert re.search(r'class="alert alert-danger"\s+role="alert"', page)


@frame_urls
def test_htmx_keeps_no_copy_of_a_page_and_evaluates_nothing() -> None:
    config = re.search(r"""name="htmx-config"\s+content='([^']+)'""", frame(Somebody()))
    assert config
    told = json.loads(config[1])
    assert told["historyCacheSize"] == 0
    for risk in ("allowEval", "allowScriptTags", "includeIndicatorStyles"):
        assert told[risk] is False


@frame_urls
def test_refusal_says_what_happened_and_leads_back() -> None:
    page = get_template("refusal.html").render(
        {"kind": "conflict", "message": "Somebody was faster.", "back_url": "/payments/7/"}
    )
    assert "Not possible as things stand" in page
    assert "Somebody was faster." in page
    assert 'href="/payments/7/"' in page


def test_action_that_is_refused_shows_its_reason_beside_the_button() -> None:
    refused = SimpleNamespace(allowed=False, reason="Already refunded in full.")
    shown = get_template("partials/action.html").render(
        {"label": "Refund", "url": "/refund/", "decision": refused}
    )
    assert "disabled" in shown
    assert 'aria-describedby="why-refund"' in shown
    assert "Already refunded in full." in shown
    assert "/refund/" not in shown


def test_pager_has_no_way_past_its_ends() -> None:
    pager = SimpleNamespace(previous_url=None, next_url="?after=x")
    shown = get_template("partials/pager.html").render({"pager": pager})
    assert 'rel="next"' in shown
    assert 'rel="prev"' not in shown


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_badge_pair_passes_wcag_aa_in_both_themes() -> None:
    sheet = (ROOT / "static/css/comptoir.css").read_text()
    colour = r"light-dark\((#\w+), (#\w+)\)"
    pairs = re.findall(rf"--lt-(\w+)-fg: {colour};\s+--lt-\1-bg: {colour};", sheet)
    assert len(pairs) == 8
    for name, light_fg, dark_fg, light_bg, dark_bg in pairs:
        for fg, bg in ((light_fg, light_bg), (dark_fg, dark_bg)):
            high, low = sorted((luminance(fg), luminance(bg)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, name


def test_every_tone_that_a_badge_may_have_is_one_of_the_pairs() -> None:
    sheet = (ROOT / "static/css/comptoir.css").read_text()
    for tone in {*desk.TONES.values(), desk.DEFAULT_TONE}:
        assert f".bg-{tone}-lt" in sheet


def test_lock_file_names_no_download_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-")
