"""What each provider can do, for machines."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from payments.api.door import Scope
from payments.api.schemas import Problem
from payments.gateways.capabilities import CAPABILITIES, Capabilities, Feature

router = Router(tags=["connectors"])
READ = Scope("payments:read")


class ConnectorOut(Schema):
    """`features` are `yes`, `no` or `sometimes` (the provider decides). Null: it does not say."""

    connector: str
    name: str
    features: dict[str, str]
    currencies: list[str] | None
    brands: list[str] | None
    idempotency_window_s: int | None
    moves_money: bool


class ConnectorList(Schema):
    data: list[ConnectorOut]


@router.get(
    "/connectors",
    url_name="connectors",
    response={200: ConnectorList, "4XX": Problem},
    auth=READ,
)
def list_(request: HttpRequest) -> dict[str, object]:
    """The table of what each provider can do. Asks nobody."""
    return {"data": [_tell(one) for one in CAPABILITIES.values()]}


def _tell(can: Capabilities) -> dict[str, Any]:
    return {
        "connector": can.connector,
        "name": can.label,
        "features": {one.value: can.supports(one).value for one in Feature},
        "currencies": None if can.currencies is None else sorted(can.currencies),
        "brands": None if can.brands is None else sorted(can.brands),
        "idempotency_window_s": None
        if can.keys_kept is None
        else int(can.keys_kept.total_seconds()),
        "moves_money": can.moves_money,
    }
