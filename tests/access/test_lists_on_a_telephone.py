"""The lists of the administration where there is little room: each cell knows its column."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from config.access.templatetags.administration import labelled
from tests.access.conftest import Hire, SignIn

LISTS = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def root(hire: Hire, sign_in: SignIn) -> Client:
    return sign_in(hire("root", superuser=True))


def page_of(browser: Client, label: str, language: str) -> str:
    browser.cookies["django_language"] = language
    return browser.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).content.decode()


@pytest.mark.usefixtures("a_row_of_each")
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("label", LISTS)
def test_each_cell_of_a_list_says_its_column(root: Client, label: str, language: str) -> None:
    page = page_of(root, label, language)
    table = page.partition('id="result_list"')[2].partition("</table>")[0]
    head, _, body = table.partition("</thead>")
    columns = [html.unescape(one) for one in re.findall(r"<span>(.*?)</span>", head)]
    rows = body.split("</tr>")[:-1]
    assert rows
    for row in rows:
        cells = re.findall(r'<t[dh] data-label="([^"]*)"', row)
        assert [html.unescape(one) for one in cells] == columns
    assert not re.search(r'alt="(True|False|None)"', page)
    region = re.search(r'<div class="results"([^>]*)>', page)
    assert region is not None
    assert 'role="region"' in region[1]
    assert 'tabindex="0"' in region[1]
    assert re.search(r'aria-label="\w', region[1])
    assert "<style" not in page
    assert " style=" not in page


def test_columns_of_people_are_in_french(root: Client, hire: Hire) -> None:
    hire("ada", "auditor")
    page = page_of(root, "access.user", "fr")
    for words in ("Référence", "Rôles", "Dernière connexion"):
        assert f'data-label="{words}"' in page
    assert "<h1>Personnes</h1>" in page
    assert 'alt="oui"' in page
    assert 'alt="non"' in page


def test_result_is_counted_only_where_something_was_asked(root: Client) -> None:
    url = reverse("admin:access_user_changelist")
    assert "Show all" not in root.get(url).content.decode()
    assert "Show all" in root.get(url + "?q=U-0").content.decode()
    assert "Clear all filters" in root.get(url + "?is_active__exact=1").content.decode()


def test_words_of_a_column_stay_words() -> None:
    [[cell]] = labelled([['<td class="field-x">5 < 6</td>']], [{"text": '<b>"x"'}])
    assert cell == ('<td data-label="&lt;b&gt;&quot;x&quot;" class="field-x">5 < 6</td>')
    [[other]] = labelled([["<th><a>True</a></th>"]], [{"text": "a"}])
    assert other == '<th data-label="A"><a>True</a></th>'
    with pytest.raises(ValueError, match="shorter"):
        labelled([["<td>1</td>", "<td>2</td>"]], [{"text": "a"}])


@pytest.fixture
def a_row_of_each(somebody: object) -> None:
    from django.contrib.auth.models import Group

    from audit.approvals.models import ApprovalLimit
    from audit.notes.models import Tag
    from tests.payments.builders import make_merchant, make_reason

    make_merchant()
    make_reason()
    Tag.objects.create(code="callback", label="Call back")
    role = Group.objects.order_by("pk")[0]
    ApprovalLimit.objects.create(role=role, currency="EUR", max_minor=5)
