"""What is installed is pinned, checked against a hash, and fetched from wherever one fetches."""

import json
import re
from pathlib import Path

import pytest

from deploy.install import DEVELOPMENT, ROOT, RUNTIME


def pinned(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE))


def test_tests_run_on_exactly_what_production_installs() -> None:
    assert pinned(RUNTIME).items() <= pinned(DEVELOPMENT).items()


@pytest.mark.parametrize("path", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_every_package_is_pinned_and_has_a_hash(path: Path) -> None:
    # One entry a package, going over several lines.
    entries = [line for line in path.read_text().replace("\\\n", " ").splitlines() if line]
    entries = [line for line in entries if not line.lstrip().startswith("#")]
    assert len(entries) > 50
    assert [line for line in entries if "==" not in line or "--hash=sha256:" not in line] == []


def test_front_end_packages_are_pinned_and_have_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert packages
    assert [name for name, one in packages.items() if "integrity" not in one] == []


def test_no_lock_says_where_packages_come_from() -> None:
    locks = [RUNTIME, DEVELOPMENT, ROOT / "package-lock.json", ROOT / ".npmrc"]
    found = [
        path.name
        for path in locks
        if re.search(r"index-url|find-links|\"resolved\"|registry=", path.read_text())
    ]
    assert found == []
