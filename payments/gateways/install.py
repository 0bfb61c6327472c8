"""The house's account at the sandbox, made when the database is: what is tried out goes there."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from audit.actor import acting_as, installer
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.gateways.commands.accounts import add_sandbox
from payments.gateways.models import ConnectorAccount

NEEDED = (LogEntry._meta.db_table, Message._meta.db_table, ConnectorAccount._meta.db_table)


def after_migrate(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the account where it is missing, once all tables are there."""
    if using != DEFAULT_DB_ALIAS:
        return
    tables = set(connections[using].introspection.table_names())
    if tables.issuperset(NEEDED):
        with acting_as(installer()):
            add_sandbox(key="gateways:sandbox")
