"""Reading what providers told."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from payments.gateways.meanings import list_meanings
from payments.gateways.models import InboundEvent, Mapping

MOST_LOOKED_AT = 500
"""So many of what was put aside are looked at to tell its kinds."""

Status = InboundEvent.Status


def find_meaning(connector: str, object_kind: str, raw: str) -> str | None:
    """What a status of a kind of object means, None when nobody has said. One SELECT."""
    return _find(connector, Mapping.Sort.STATUS, object_kind, raw)


def find_type(connector: str, raw: str) -> str | None:
    """What a type of event means, None when nobody has said. One SELECT."""
    return _find(connector, Mapping.Sort.TYPE, "", raw)


def _find(connector: str, sort: str, object_kind: str, raw: str) -> str | None:
    found = Mapping.objects.filter(connector=connector, sort=sort, object_kind=object_kind, raw=raw)
    return found.values_list("meaning", flat=True).first()


def list_events(status: str) -> QuerySet[InboundEvent]:
    """Events of a status, all for one that is none; the caller orders and pages."""
    if status in Status.values:
        return InboundEvent.objects.filter(status=status)
    return InboundEvent.objects.all()


def get_event(event_id: uuid.UUID) -> InboundEvent:
    """One event. Raises a Refusal (missing). One SELECT."""
    event = InboundEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise Refusal("event_missing", _("There is no such event."), Kind.MISSING)
    return event


@dataclass(frozen=True, slots=True)
class PutAside:
    """Events that were put aside for the same reason; `meanings` is empty where none helps."""

    connector: str
    type: str
    note: str
    sort: str
    object_kind: str
    raw: str
    thing: str
    """What kind of object they are about."""
    count: int
    is_cut: bool = False
    """More were put aside than were counted."""

    @property
    def advice(self) -> Any:
        """What a person may do about it, in words; "" where the reason says enough."""
        return advice_on(self.note, self.thing)

    @property
    def meanings(self) -> list[str]:
        return list_meanings(self.sort, self.object_kind) if self.sort else []


def list_put_aside() -> list[PutAside]:
    """The kinds of what was put aside, the most frequent first. One SELECT."""
    rows = InboundEvent.objects.filter(status=Status.QUARANTINED).order_by("-received_at", "-pk")
    found = list(rows[: MOST_LOOKED_AT + 1])
    counted = Counter(_kind_of(event) for event in found[:MOST_LOOKED_AT])
    is_cut = len(found) > MOST_LOOKED_AT
    return [PutAside(*kind, count=count, is_cut=is_cut) for kind, count in counted.most_common()]


def _kind_of(event: InboundEvent) -> tuple[str, str, str, str, str, str, str]:
    head = (event.connector, event.type, event.note)
    if event.unknown_status:
        word = (Mapping.Sort.STATUS, event.unknown_kind, event.unknown_status)
        return (*head, *word, event.object_kind)
    if event.note == UNKNOWN_TYPE and event.type:
        return (*head, Mapping.Sort.TYPE, "", event.type, event.object_kind)
    return (*head, "", "", "", event.object_kind)


UNKNOWN_TYPE = "unknown type"
NO_FIT = "the answer does not fit"
NOT_OURS = "about an object that is not ours"
TO_COME = {
    "dispute": _(
        "Disputes have no room here yet. Their events are kept, every one of them: once there is "
        "one, process them anew. Until then answer the dispute at the provider, in time."
    ),
    "payout": _(
        "Payouts have no room here yet. Their events are kept, every one of them: once there is "
        "one, process them anew. What was paid out stands at the provider."
    ),
}
ADVICE = {
    NOT_OURS: _(
        "Nothing here has this reference: it was made at the provider without us. Look there whose "
        "it is; once it is known here, process it anew."
    ),
    NO_FIT: _(
        "What the provider answers makes no sense, or speaks of another object. Nothing was "
        "changed. Look at the payment on the provider's own page, then process it anew."
    ),
    "refused: amount_differs": _(
        "The provider speaks of another amount or currency than is booked here. Nothing was "
        "changed. Compare the payment with the provider's own page; once both agree, process it "
        "anew."
    ),
    # What was put aside before it was let go of by itself.
    "refused: held_after_failure": _(
        "The provider holds money for a payment that has failed here. Process it anew: what is "
        "held is let go, what was taken goes back."
    ),
}


def advice_on(note: str, thing: str) -> Any:
    """What a person may do about events that were put aside, in words."""
    if note == UNKNOWN_TYPE and thing in TO_COME:
        return TO_COME[thing]
    return ADVICE.get(note, "")


def list_mappings() -> QuerySet[Mapping]:
    """All that was mapped, by provider and word."""
    return Mapping.objects.select_related("mapped_by").order_by("connector", "sort", "raw", "pk")
