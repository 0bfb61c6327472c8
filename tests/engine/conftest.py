import os
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.plugins.postgres import ENGINE

# These ask a server that speaks as CockroachDB; on SQLite there is none.
if os.environ.get("DATABASE_ENGINE") != ENGINE:
    collect_ignore = [
        "test_guardian.py",
        "test_line.py",
        "test_loading.py",
        "test_pipeline.py",
        "test_proxy.py",
        "test_replay.py",
        "test_schema_changes.py",
        "test_server.py",
        "test_third_party.py",
    ]


@pytest.fixture
def rival(transactional_db: None) -> Iterator[BaseDatabaseWrapper]:
    """A second connection to the test database."""
    other = connection.copy()
    yield other
    other.close()
