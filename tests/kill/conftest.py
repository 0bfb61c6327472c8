"""A business to work with, in a house of real processes."""

from __future__ import annotations

import os
import secrets

import pytest
from django.core.cache import cache
from pytest_django import Settings

from audit.actor import Actor
from tests.kill.business import Business
from tests.plugins.postgres import ENGINE

# A server can be stopped and its connections cut; a file can be locked.
if os.environ.get("DATABASE_ENGINE") == ENGINE:
    collect_ignore = ["test_file_locked.py"]
else:
    collect_ignore = ["test_server_lost.py", "test_cut_at_commit.py", "test_five_hundred.py"]


@pytest.fixture
def seed() -> str:
    """Which order of trouble: `KILL_SEED` plays one again."""
    return os.environ.get("KILL_SEED") or secrets.token_hex(4)


@pytest.fixture
def hashers(settings: Settings) -> None:
    """The processes take no password that only tests would take."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


@pytest.fixture
def business(hashers: None, somebody: Actor) -> Business:
    """A shop, and leads with a limit; nobody is at work yet."""
    cache.clear()
    return Business()
