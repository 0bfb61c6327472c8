"""Where it is measured: a server from the wheel, and what every side needs to find it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = "tests.engine.postgres_shim"
OURS, STOCK = "bench", "bench_stock"


def ours(address: str, *, name: str = OURS) -> dict[str, str]:
    """The environment of a process of the product's."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "ENV_FILE": "/dev/null",
        "LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"cockroachdb://{address}/{name}",
        "DATABASE_ENGINE": ENGINE,
    }


def stock(address: str) -> dict[str, str]:
    """The environment of stock Django with django-auditlog."""
    return {
        "DJANGO_SETTINGS_MODULE": "bench.stock.settings",
        "DATABASE_URL": f"postgresql://{address}/{STOCK}",
    }
