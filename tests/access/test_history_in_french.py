"""The history of a row in the administration, and what is said after a change: in the reader's
language to the last word, whatever language its writer reads."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import translation

from audit.approvals.models import ApprovalLimit
from audit.models import LogEntry
from config.access.roles import GRANTABLE
from config.access.words import say, say_code
from payments.models import NetworkTerms, RefundReason
from payments.parties.models import Merchant
from tests.access.conftest import Hire, SignIn, entries
from tests.access.test_admin import save, shown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
ENGLISH = re.compile(r"\b(True|False|None|Can |support_agent|auditor|payments\.\w+|saved|changed)")
CODES = ("payments.refund_payment", "notes.add_note", "payments.view_refundreason")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def root(hire: Hire, sign_in: SignIn) -> Client:
    """The administration, in French."""
    browser = sign_in(hire("root", superuser=True))
    browser.cookies["django_language"] = "fr"
    return browser


def words_of(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup))).strip()


def history(browser: Client, url: str) -> str:
    page = browser.get(url.replace("/change/", "/history/")).content.decode()
    assert '<html lang="fr"' in page
    return words_of(page.partition('id="content"')[2])


def told(browser: Client, url: str, **typed: Any) -> str:
    """What is said after a form is saved."""
    answer = save(browser, url, **typed)
    assert answer.status_code == 302, answer.context["errors"]
    page = browser.get("/admin/").content.decode()
    said = re.search(r'<ul class="messagelist">(.*?)</ul>', page, re.DOTALL)
    assert said is not None
    return words_of(said[1])


def of_role(browser: Client, _hire: Hire) -> tuple[str, str]:
    role = Group.objects.get(name="support_agent")
    url = f"/admin/auth/group/{role.pk}/change/"
    kept = [one.pk for one in role.permissions.exclude(codename="refund_payment")]
    return url, told(browser, url, permissions=kept)


def of_person(browser: Client, hire: Hire) -> tuple[str, str]:
    role = Group.objects.get(name="support_agent")
    url = f"/admin/access/user/{hire('ada', 'auditor').pk}/change/"
    return url, told(browser, url, is_staff="on", groups=[role.pk])


def of_limit(browser: Client, _hire: Hire) -> tuple[str, str]:
    role = Group.objects.get(name="support_agent")
    given = {"role": role.pk, "kind": "refund", "currency": "USD", "limit": "100"}
    told(browser, "/admin/approvals/approvallimit/add/", **given)
    limit = ApprovalLimit.objects.get(role=role, currency="USD")
    url = f"/admin/approvals/approvallimit/{limit.pk}/change/"
    return url, told(browser, url, limit="120,00")


def of_reason(browser: Client, _hire: Hire) -> tuple[str, str]:
    given = {"code": "other", "label": "Something else", "label_fr": "Autre chose", "position": "5"}
    told(browser, "/admin/payments/refundreason/add/", is_active="on", **given)
    reason = RefundReason.objects.get(code="other")
    url = f"/admin/payments/refundreason/{reason.pk}/change/"
    form = shown(browser, url)
    del form["is_active"]
    assert browser.post(url, form).status_code == 302
    return url, told(browser, url, position="7")


def of_merchant(browser: Client, _hire: Hire) -> tuple[str, str]:
    given = {"name": "Atelier", "statement_descriptor": "ATELIER", "fee_basis_points": "120"}
    money = {"new_currency": "EUR", "new_fee": "0,25"}
    told(browser, "/admin/parties/merchant/add/", is_active="on", **given, **money)
    url = f"/admin/parties/merchant/{Merchant.objects.get(name='Atelier').pk}/change/"
    return url, told(browser, url, fee_basis_points="130")


def of_network(browser: Client, _hire: Hire) -> tuple[str, str]:
    url = f"/admin/payments/networkterms/{NetworkTerms.objects.order_by('pk')[0].pk}/change/"
    return url, told(browser, url, holds_days="9")


SCENES: dict[str, tuple[Callable[[Client, Hire], tuple[str, str]], str, tuple[str, ...]]] = {
    "role": (
        of_role,
        "Enregistré : rôle « agent du support ».",
        (
            "Permissions : Rembourser un paiement → –",
            "Permissions : – → Voir les demandes d’approbation, Ajouter : notes",
        ),
    ),
    "person": (
        of_person,
        "Enregistré : personne « U-",
        (
            "Rôles : – → agent du support",
            "Rôles : auditeur → –",
            "Peut ouvrir l’administration : non → oui",
        ),
    ),
    "limit": (
        of_limit,
        "Enregistré : plafond « agent du support · remboursement · USD ».",
        ("Rôle : – → agent du support", "Type : – → remboursement"),
    ),
    "reason": (
        of_reason,
        "Enregistré : motif de remboursement « Autre chose ».",
        ("Proposé : oui → non", "Pour : – → remboursement"),
    ),
    "merchant": (
        of_merchant,
        "Enregistré : commerçant « Atelier (M-",
        ("Accepte des paiements : – → oui", "Réelle : – → non"),
    ),
    "network": (of_network, "Enregistré : réseau de cartes « ", ()),
}


@pytest.mark.parametrize("what", SCENES)
def test_history_and_message_have_no_word_of_another_language(
    root: Client, hire: Hire, what: str
) -> None:
    act, message, lines = SCENES[what]
    url, said = act(root, hire)
    assert said.replace("\xa0", " ").startswith(message)
    page = history(root, url).replace("\xa0", " ")
    for line in lines:
        assert line in page
    # The first name that a role was given is its code.
    assert ENGLISH.findall(page.replace("Nom : – → support_agent", "")) == []
    assert ENGLISH.findall(said) == []
    form = words_of(root.get(url).content.decode().partition('class="breadcrumbs"')[2][:1500])
    assert "support_agent" not in form


@pytest.mark.parametrize("language", ["fr", "en"])
def test_record_names_a_permission_by_its_code_whoever_writes(
    root: Client, hire: Hire, language: str
) -> None:
    root.cookies["django_language"] = language
    role = Group.objects.get(name="auditor")
    wanted = [*role.permissions.all(), Permission.objects.get(codename="refund_payment")]
    save(root, f"/admin/auth/group/{role.pk}/change/", permissions=[one.pk for one in wanted])
    entry = entries("auth.group.changed")[-1]
    assert entry.changes["permissions"]["objects"] == ["payments.refund_payment"]


def test_same_history_reads_english_in_english(root: Client, hire: Hire) -> None:
    url, _said = of_role(root, hire)
    root.cookies["django_language"] = "en"
    page = words_of(root.get(url.replace("/change/", "/history/")).content.decode())
    assert "Permissions: Refund a payment → –" in page


def test_every_permission_that_a_role_may_hold_has_one_name_in_each_language() -> None:
    for code in sorted(GRANTABLE):
        app, codename = code.split(".")
        permission = Permission.objects.get(content_type__app_label=app, codename=codename)
        assert str(permission) == code
        said = {}
        for language in ("en", "fr"):
            with translation.override(language):
                said[language] = say_code(code)
                assert say(permission) == said[language]
        assert code not in said.values()
        assert said["en"] != said["fr"], code


@pytest.mark.parametrize("code", ["", "nothing", "a.b", "payments.fly_payment", "x | y | Can fly"])
def test_what_is_no_permission_of_ours_stays_as_it_is(code: str) -> None:
    assert say_code(code) == code


def test_moment_of_the_record_is_told_where_the_reader_is(root: Client, hire: Hire) -> None:
    person = hire("ada", "auditor")
    made = LogEntry.objects.get(event="access.user.created", object_pk=str(person.pk))
    page = history(root, f"/admin/access/user/{person.pk}/change/")
    assert made.changes["date_joined"][1] not in page
    assert re.search(r"Arrivée\s: – → \d{1,2} \w+ \d{4} \d\d:\d\d:\d\d", page)
