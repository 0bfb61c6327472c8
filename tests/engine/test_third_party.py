"""The migrations of the apps we build on, without ours."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.engine import catalog
from tests.plugins.postgres import ROOT

# Workers of one run share the server.
NAME = f"third_party_{os.getpid()}"


@pytest.fixture(scope="module")
def migrated() -> Iterator[psycopg.Connection]:
    server = urlsplit(os.environ["DATABASE_URL"])
    address: dict[str, Any] = {
        "host": server.hostname,
        "port": server.port,
        "user": server.username,
    }
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME}".encode())
        admin.execute(f"CREATE DATABASE {NAME}".encode())
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--settings=tests.engine.settings"],
            check=True,
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": server._replace(path=f"/{NAME}").geturl()},
        )
        with psycopg.connect(**address, dbname=NAME) as connection:
            yield connection
        admin.execute(f"DROP DATABASE {NAME}".encode())


def test_social_account_extra_data_became_json(
    migrated: psycopg.Connection,
) -> None:
    types = catalog.column(
        migrated.cursor(),
        "SELECT data_type FROM information_schema.columns"
        " WHERE table_name = 'socialaccount_socialaccount' AND column_name = 'extra_data'",
    )
    assert types == ["jsonb"]


def test_every_third_party_foreign_key_leads_an_index(
    migrated: psycopg.Connection,
) -> None:
    cursor = migrated.cursor()
    assert catalog.column(cursor, catalog.FOREIGN_KEYS)[0] > 10
    assert catalog.column(cursor, catalog.FOREIGN_KEYS_WITHOUT_INDEX) == []


def test_no_third_party_constraint_is_deferrable(
    migrated: psycopg.Connection,
) -> None:
    assert catalog.column(migrated.cursor(), catalog.DEFERRABLE) == []
