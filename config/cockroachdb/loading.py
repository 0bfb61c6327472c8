"""How moments are read from what the server sends."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format

TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
STOCK: Any = psycopg.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)


class UtcLoader(Loader):
    """The driver's own loader, in C where it is there. Django's is a class of Python around it, and
    only so that a moment bears Django's zone, which that of the connection is already."""

    timezone = dt.UTC
    """What Django compares its own zone with."""

    def __init__(self, oid: int, context: Any = None) -> None:
        super().__init__(oid, context)
        self.load = STOCK(oid, context).load  # type: ignore[method-assign]

    def load(self, data: Any) -> Any:
        """Never reached: each loader has the driver's in its place, without a call in between."""
        raise NotImplementedError


def load_moments_fast(driver: psycopg.Connection[Any]) -> None:
    """Of a connection whose zone is UTC."""
    driver.adapters.register_loader("timestamptz", UtcLoader)
