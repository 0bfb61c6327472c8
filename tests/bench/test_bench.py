"""`make bench` runs, in small, so that it does not rot. What it measures here means nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.search import kinds
from bench.rows import Row, lines, write_json

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("value", "target", "holds"),
    [
        (0.25, "≥ 0.25", True),
        (0.24, "≥ 0.25", False),
        (10, "≤ 10", True),
        (11, "≤ 10", False),
        (0, "= 0", True),
        (1, "= 0", False),
        (7, "", True),
    ],
)
def test_a_row_holds_when_it_is_as_good_as_its_target(
    value: float, target: str, holds: bool
) -> None:
    assert Row("some", value, "unit", target).holds == holds


def test_a_row_measured_alone_leaves_the_others_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    write_json([Row("a", 1.5, "x", "≥ 1"), Row("b", 2, "y")], path)
    write_json([Row("a", 0.5, "x", "≥ 1")], path)
    told = json.loads(path.read_text())
    assert [(row["name"], row["value"], row["holds"]) for row in told] == [
        ("a", 0.5, False),
        ("b", 2, True),
    ]
    assert "NO" in list(lines([Row("a", 0.5, "x", "≥ 1")]))[1]


def measured(out: Path, *names: str) -> dict[str, dict[str, Any]]:
    """What a small run wrote."""
    environment = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *names, "--tiny", "--out", str(out)],
        cwd=ROOT,
        env={**environment, "ENV_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode in (0, 1), done.stderr
    return {row["name"]: row for row in json.loads(out.read_text())}


@pytest.mark.processes
def test_a_small_run_measures_and_writes_what_it_found(tmp_path: Path) -> None:
    names = ["round_trips_capture", "capture_vs_auditlog", "pipelined"]
    found = measured(tmp_path / "bench.json", *names)
    assert found["round_trips_capture"]["holds"]
    assert found["pipelined.round_trips"]["value"] == 2
    assert found["pipelined.wrong"]["value"] == 0
    assert found["capture_vs_auditlog"]["value"] > 0


@pytest.mark.processes
def test_both_sides_are_called_through_gunicorn(tmp_path: Path) -> None:
    found = measured(tmp_path / "bench.json", "http_capture", "replay_cost")
    assert found["http_capture.ours"]["value"] > 0
    assert found["http_capture.stock"]["value"] > 0
    assert found["http_capture.ours_p99"]["value"] > 0
    assert found["replay_cost"]["value"] > 1


@pytest.mark.processes
def test_every_page_and_every_kind_of_search_is_looked_at(tmp_path: Path) -> None:
    found = measured(tmp_path / "bench.json", "list_deep_1m", "search_1m", "pages")
    assert found["list_deep_1m"]["value"] > 0
    assert {f"search_1m.{code}" for code in kinds} < set(found)
    assert found["pages"]["holds"]
