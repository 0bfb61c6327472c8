"""People made at the shell of the server, through the real door."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "quiet harbour 41 lanterns"


def manage(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/scratch.sqlite3",
        **more,
    }
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that was just migrated."""
    folder = tmp_path_factory.mktemp("installed")
    manage(folder, "migrate", "--verbosity", "0")
    return folder


@pytest.fixture
def scratch(installed: Path, tmp_path: Path) -> Path:
    """A copy of it, keyring and all."""
    return Path(shutil.copytree(installed, tmp_path / "var"))


@pytest.mark.processes
def test_createsuperuser_leaves_an_entry_of_an_operator(scratch: Path) -> None:
    manage(
        scratch,
        "createsuperuser",
        "--noinput",
        "--email",
        "Root@house.test",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    with sqlite3.connect(scratch / "scratch.sqlite3") as database:
        rows = database.execute(
            "SELECT actor_kind, actor_label, event, changes, object_repr FROM audit_logentry"
        ).fetchall()
        [(email, hashed)] = database.execute("SELECT email, password FROM access_user").fetchall()
    assert email == "root@house.test"
    [made] = [row for row in rows if row[2] == "access.user.created"]
    assert made[:2] == ("operator", "createsuperuser")
    assert json.loads(made[3])["is_superuser"] == ["None", "True"]
    assert made[4].startswith("U-")
    assert {row[:2] for row in rows if row[2].startswith("auth.group")} == {
        ("installer", "migrate")
    }
    assert "root@house.test" not in str(rows)
    assert hashed not in str(rows)


@pytest.mark.processes
def test_sync_roles_is_done_by_an_operator(scratch: Path) -> None:
    with sqlite3.connect(scratch / "scratch.sqlite3") as database:
        database.execute("DELETE FROM auth_group_permissions")
    told = manage(scratch, "sync_roles").stdout
    assert told.count("restored") == 11
    with sqlite3.connect(scratch / "scratch.sqlite3") as database:
        kinds = database.execute(
            "SELECT DISTINCT actor_kind, actor_label FROM audit_logentry"
            " WHERE event = 'auth.group.changed' ORDER BY 1"
        ).fetchall()
    assert kinds == [("installer", "migrate"), ("operator", "sync_roles")]
