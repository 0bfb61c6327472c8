"""The client in docs/api.md, run as it stands there, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from audit.outbox import inline
from tests.api.conftest import open_shop
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.fixture
def provider(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setattr(inline, "_pool", None)
    settings.API_WAIT_S = 30.0
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        settings.SANDBOX_URL = sandbox.url
        yield sandbox


def test_client_of_the_document_pays_captures_and_refunds(
    live_server: LiveServer, provider: Sandbox
) -> None:
    [source] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    shop = open_shop()
    environment = {**os.environ, "COMPTOIR_URL": live_server.url, "COMPTOIR_KEY": shop.secret}
    done = subprocess.run(
        [sys.executable, "-c", source],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split()[1:] for line in done.stdout.splitlines()]
    assert lines == [["authorized"], ["captured", "4000"], ["succeeded"]]
