"""`manage.py create_api_key`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import LogEntry
from config.api.models import ApiKey
from tests.api.conftest import Shop

pytestmark = pytest.mark.django_db


def test_key_made_at_the_shell_works(shop: Shop) -> None:
    out, err = StringIO(), StringIO()
    call_command(
        "create_api_key",
        f"--merchant={shop.merchant.reference}",
        "--scopes",
        "payments:read",
        stdout=out,
        stderr=err,
    )
    secret = out.getvalue().strip()
    assert shop.call("GET", "/payments", secret=secret).status_code == 200
    made = ApiKey.objects.exclude(pk=shop.key.pk).get()
    assert made.reference in err.getvalue()
    assert secret not in err.getvalue()
    entry = LogEntry.objects.get(event="api.key.created", object_pk=str(made.pk))
    assert entry.actor_kind == "operator"


@pytest.mark.parametrize(
    ("merchant", "scopes"), [("M-NOBODY", "payments:read"), ("", "payments:everything")]
)
def test_what_cannot_be_is_said_in_words(shop: Shop, merchant: str, scopes: str) -> None:
    with pytest.raises(CommandError, match="no"):
        call_command(
            "create_api_key",
            f"--merchant={merchant or shop.merchant.reference}",
            "--scopes",
            scopes,
            stdout=StringIO(),
            stderr=StringIO(),
        )
    assert ApiKey.objects.count() == 1


def test_live_key_needs_a_live_merchant(shop: Shop) -> None:
    with pytest.raises(CommandError, match="not live"):
        call_command(
            "create_api_key",
            f"--merchant={shop.merchant.reference}",
            "--scopes=all",
            "--live",
            stdout=StringIO(),
            stderr=StringIO(),
        )
