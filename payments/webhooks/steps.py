"""What is told goes out with what happened: in the same flush, or not at all."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import models, transaction
from kombu.exceptions import OperationalError

from audit.outbox.steps import is_silent
from audit.work import Work
from payments.webhooks import registry
from payments.webhooks.models import Event
from payments.webhooks.registry import About

logger = logging.getLogger(__name__)


def note_events(work: Work) -> None:
    """A follower of every Work: an event for each change that is told. No query.

    The object's version grows with each, so that whoever hears of it can tell which is later.
    """
    noted = False
    for change in work.changes():
        row = change.obj
        telling = registry.told.get((type(row), change.event))
        if telling is None or (change.fields and not telling.by <= change.fields):
            continue
        about = telling.about(work, row)
        type_of = telling.type_of
        add_event(work, about, type_of if isinstance(type_of, str) else type_of(change))
        noted = True
    if noted and settings.OUTBOX_BELL and not is_silent():
        transaction.on_commit(ring)


def add_event(work: Work, about: About, type_: str) -> Event:
    """An event, and a new version of its object."""
    obj: Any = about.obj
    work.change(obj, version=obj.version + 1)
    event = Event(
        merchant_id=about.merchant_id,
        is_live=about.is_live,
        type=type_,
        object_kind=about.kind,
        object_id=obj.pk,
        version=obj.version,
        created_at=work.now,
    )
    work.add(event)
    return event


def ring() -> None:
    """Wake whoever delivers. Without a broker the beat finds the events a few seconds later."""
    from celery import current_app

    try:
        current_app.send_task("webhooks.deliver", ignore_result=True, retry=False)
    except (OperationalError, OSError):
        logger.warning("the bell did not ring; the events will be found by the clock")


def held(work: Work, model: type[models.Model], pk: Any) -> Any:
    """A row that a command which tells of its parts has loaded. A KeyError for one that has not:
    a fault of the command, found by its tests."""
    found = work.find_held(model, pk)
    if found is None:
        raise KeyError(f"{model._meta.label} is not in this Work")
    return found
