"""The front-end files that reach the browser, and no others."""

import os
from pathlib import Path

import pytest

from deploy.vendor_assets import ASSETS, vendor


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages with one file for each line of the list, and one that is not on it."""
    source = tmp_path / "node_modules"
    for pattern in [*ASSETS, "@tabler/core/dist/libs/other/other.js"]:
        path = source / pattern.replace("*", "visa")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pattern)
    return source


def test_only_listed_files_are_copied_and_a_second_run_copies_nothing(
    packages: Path, tmp_path: Path
) -> None:
    target = tmp_path / "vendor"
    assert vendor(packages, target) == len(ASSETS)
    assert vendor(packages, target) == 0
    copied = sorted(path.name for path in target.rglob("*") if path.is_file())
    assert "visa.svg" in copied
    assert "other.js" not in copied


def test_changed_file_is_copied_again_even_with_the_same_size_and_date(
    packages: Path, tmp_path: Path
) -> None:
    target = tmp_path / "vendor"
    vendor(packages, target)
    path = packages / "chart.js/dist/chart.umd.min.js"
    before = path.stat()
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert vendor(packages, target) == 1


def test_file_that_left_the_list_leaves_the_folder(packages: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    vendor(packages, target)
    stale = target / "js" / "old.js"
    stale.write_text("old")
    assert vendor(packages, target) == 0
    assert not stale.exists()


def test_missing_package_is_named(packages: Path, tmp_path: Path) -> None:
    (packages / "chart.js/dist/chart.umd.min.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"chart\.umd\.min\.js"):
        vendor(packages, tmp_path / "vendor")
