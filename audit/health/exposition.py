"""`/metrics` as Prometheus reads it: what all processes here counted, and what is looked up now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from audit.measures import measures, registry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
GONE = 0
"""The number under which the counts of processes that are no more are kept: it is nobody's."""


class Looked(Collector):
    """The measures, read now; without a database only that there is none."""

    def collect(self) -> Iterator[Metric]:
        found: list[Metric] = []
        try:
            for name, one in measures.items():
                family = GaugeMetricFamily(
                    name, one.meaning, labels=[one.label] if one.label else []
                )
                for value, figure in one.read().items():
                    family.add_metric([value] if one.label else [], figure)
                found.append(family)
        except (DatabaseError, InterfaceError):
            connection.close()
            found = []
        up = "comptoir_database_up"
        yield GaugeMetricFamily(up, "Whether the database answers.", float(bool(found)))
        yield from found


def exposition() -> bytes:
    """The whole page."""
    asked = CollectorRegistry()
    asked.register(Looked())
    counted = registry
    if FOLDER in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(asked)


def fold_the_dead() -> None:
    """Put the counts of processes that are gone together, so that their files do not pile up.

    Sums must not fall when something restarts. Only for the one start of the web.
    """
    folder = Path(os.environ[FOLDER])
    for kind in ("counter", "histogram"):
        dead = [path for path in folder.glob(f"{kind}_*.db") if not _is_alive(path)]
        if not dead:
            continue
        kept = MmapedDict(str(folder / f"{kind}_{GONE}.db"))  # type: ignore[no-untyped-call]
        for path in dead:
            for key, value, at, _ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
                before, _ = kept.read_value(key)  # type: ignore[no-untyped-call]
                kept.write_value(key, before + value, at)  # type: ignore[no-untyped-call]
            path.unlink()
        kept.close()  # type: ignore[no-untyped-call]


def _is_alive(path: Path) -> bool:
    pid = int(path.stem.rpartition("_")[2])
    if pid == GONE:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
