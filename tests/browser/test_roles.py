"""An access administrator makes a role, gives it, and its effect is there on the next click."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from audit.actor import acting_as, operator
from audit.models import LogEntry
from config.access.commands import choose_language
from config.access.models import User
from tests.browser.conftest import Enter, Open, hire, sign_in

pytestmark = pytest.mark.browser

WORDS = {
    "en": {
        "roles": "Roles",
        "matrix": "Who may do what",
        "new": "New role",
        "may": "See payments",
        "see_as": "See as this role",
        "preview": "The desk as “night desk” sees it",
        "opens": "Pages that open",
        "list": "Payments",
        "end": "End the preview",
        "save": "Save",
        "effective": "What this person may do",
        "payments": "Payments",
    },
    "fr": {
        "roles": "Rôles",
        "matrix": "Qui peut faire quoi",
        "new": "Nouveau rôle",
        "may": "Voir les paiements",
        "see_as": "Voir comme ce rôle",
        "preview": "Le guichet vu par «\u00a0night desk\u00a0»",
        "opens": "Pages qui s’ouvrent",
        "list": "Paiements",
        "end": "Quitter l’aperçu",
        "save": "Enregistrer",
        "effective": "Ce que cette personne peut faire",
        "payments": "Paiements",
    },
}


def spoken_to_in(language: str) -> None:
    with acting_as(operator("test")):
        for person in User.objects.all():
            choose_language(user_id=person.pk, language=language)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_new_role_is_given_and_acts_on_the_next_click(
    enter: Enter, open_browser: Open, language: str
) -> None:
    words = WORDS[language]
    newcomer = hire("newcomer")
    page, hers = enter("access_administrator"), open_browser()
    sign_in(hers, newcomer.email)
    hers.wait_for_url(lambda url: "/accounts/login/" not in url)
    spoken_to_in(language)
    assert hers.goto("/payments/").status == 403  # type: ignore[union-attr]

    page.goto("/")
    menu = page.locator(".sidebar-links").first
    menu.get_by_role("link", name=words["roles"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["matrix"])
    page.get_by_role("link", name=words["new"]).click()
    page.locator("#id_name").fill("night desk")
    page.get_by_label(words["may"], exact=True).check()
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.get_by_role("link", name="night desk").first.click()
    page.get_by_role("link", name=words["see_as"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["preview"])
    open_to_it = page.get_by_role("region", name=words["opens"])
    expect(open_to_it.get_by_text(words["list"], exact=True)).to_be_visible()
    page.get_by_role("link", name=words["end"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["matrix"])

    page.goto(f"/admin/access/user/{newcomer.pk}/change/")
    page.get_by_label("night desk").check()
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/admin/access/user/")

    assert hers.reload().status == 200  # type: ignore[union-attr]
    expect(hers.get_by_role("heading", level=1)).to_have_text(words["payments"])
    page.goto(f"/admin/access/user/{newcomer.pk}/change/")
    page.get_by_role("link", name=words["effective"]).click()
    expect(page.get_by_role("main")).to_contain_text(words["may"])
    keeper = User.objects.get(email="access_administrator@house.test")
    assert LogEntry.objects.filter(event="auth.group.created", actor=keeper).count() == 1


def test_toxic_roles_are_refused_with_the_reason(enter: Enter) -> None:
    person = hire("support_agent")
    page = enter("access_administrator")
    page.goto(f"/admin/access/user/{person.pk}/change/")
    page.get_by_label("access administrator").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote, .errorlist").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("must not be in one hand")
    assert [one.name for one in person.groups.all()] == ["support_agent"]


@pytest.mark.parametrize("name", ["", "x" * 151, "a\x00b", "support_agent"])
def test_role_without_a_right_name_is_refused_in_words(enter: Enter, name: str) -> None:
    page = enter("access_administrator")
    page.goto("/admin/auth/group/add/")
    field = page.locator("#id_name")
    field.evaluate("(box, text) => { box.removeAttribute('maxlength'); box.value = text; }", name)
    page.locator("form#group_form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").first).to_be_visible()
