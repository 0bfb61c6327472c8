"""Secrets: made where somebody only tries it, asked for in production."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings.kept import kept_secret, new_secret_key, new_webhook_secret
from deploy.install import ROOT

CHECK = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
COMPLETE = {
    "SECRET_KEY": "a-key-that-is-long-enough-and-has-many-different-characters-0123456789",
    "DATABASE_URL": "sqlite://:memory:",
    "ALLOWED_HOSTS": "comptoir.example",
    "COMPTOIR_KEYRING_FILE": "keyring",
}


def in_production(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        CHECK,
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.processes
def test_production_settings_pass_djangos_own_check(tmp_path: Path) -> None:
    told = in_production(tmp_path, **COMPLETE)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.processes
@pytest.mark.parametrize("name", COMPLETE)
def test_production_without_a_secret_says_so_in_one_line(tmp_path: Path, name: str) -> None:
    told = in_production(tmp_path, **{**COMPLETE, name: ""})
    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.count("\n") == 1
    assert name in told.stderr


def test_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    first = kept_secret(path, new_secret_key)
    assert len(first) >= 50
    assert kept_secret(path, new_secret_key) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_slower_process_takes_the_secret_of_the_faster_one(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"

    def overtaken() -> str:
        path.write_text("of-the-faster-one\n")
        return "of-the-slower-one"

    assert kept_secret(path, overtaken) == "of-the-faster-one"


def test_two_houses_have_different_secrets() -> None:
    assert new_secret_key() != new_secret_key()
    assert new_webhook_secret() != new_webhook_secret()
