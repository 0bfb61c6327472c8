"""What every route shows: one table from the first page on. A route missing here fails a test."""

from __future__ import annotations

from audit.access import DataClass, Route

ROUTES: dict[str, Route] = {
    "gateways:webhook": Route(DataClass.NOTHING),
}
