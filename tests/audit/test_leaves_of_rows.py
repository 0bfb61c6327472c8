"""The digest of an entry must be the same however and on whichever engine its row is read."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from audit import log
from audit.actor import system
from audit.leaves import SEALED_FIELDS, VERSION, leaf_of
from audit.models import LogEntry

DATA: dict[str, Any] = {"rows": 3, "seconds": 0.1, "ids": ["é", None], "deep": {"b": 1, "a": True}}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", None])
def test_row_has_one_leaf_however_it_is_read(address: str | None) -> None:
    actor = replace(system("test"), address=address, roles=("auditor",))
    entry = log.make_entry(
        actor,
        "test.thing.changed",
        changes={"status": ["open", "closed"]},
        data=DATA,
        command_id=uuid.uuid4(),
    )
    log.write([entry])
    columns = LogEntry.objects.values(*SEALED_FIELDS[VERSION]).get(pk=entry.pk)
    read = LogEntry.objects.get(pk=entry.pk)
    attributes = {name: getattr(read, name) for name in SEALED_FIELDS[VERSION]}
    assert leaf_of(columns) == leaf_of(attributes)
    assert leaf_of(columns).entry_id == entry.pk
    assert columns["additional_data"] == DATA
