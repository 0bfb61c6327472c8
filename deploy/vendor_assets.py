"""Copies the front-end files that pages load from `node_modules` to `static/vendor`.

Run it after `npm ci --ignore-scripts`. A second run copies nothing; a file that left the list
below leaves the folder too.
"""

import filecmp
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "node_modules"
TARGET = ROOT / "static" / "vendor"

# Tabler's dist/libs stays out: it carries libraries under other licences that no page needs.
# Source maps come along because the manifest storage follows the references to them.
ASSETS = {
    "@tabler/core/dist/css/tabler.min.css": "css",
    "@tabler/core/dist/css/tabler.min.css.map": "css",
    "@tabler/core/dist/css/tabler-payments.min.css": "css",
    "@tabler/core/dist/css/tabler-payments.min.css.map": "css",
    "@tabler/core/dist/js/tabler.min.js": "js",
    "@tabler/core/dist/js/tabler.min.js.map": "js",
    "@tabler/core/dist/img/payments/*.svg": "img/payments",
    "chart.js/dist/chart.umd.min.js": "js",
    "chart.js/dist/chart.umd.min.js.map": "js",
}


def pairs(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """Each file to copy with its place. Raises FileNotFoundError for a line that matches none."""
    for pattern, folder in ASSETS.items():
        found = sorted(source.glob(pattern))
        if not found:
            raise FileNotFoundError(pattern)
        for path in found:
            yield path, target / folder / path.name


def vendor(source: Path = SOURCE, target: Path = TARGET) -> int:
    """Makes `target` hold exactly the listed files; answers how many were copied."""
    copied = 0
    wanted = {place: path for path, place in pairs(source, target)}
    for place, path in wanted.items():
        if place.exists() and filecmp.cmp(path, place, shallow=False):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
        copied += 1
    for old in target.rglob("*"):
        if old.is_file() and old not in wanted:
            old.unlink()
    return copied


def main() -> None:
    try:
        copied = vendor()
    except FileNotFoundError as missing:
        sys.exit(f"front end: {missing} is not in node_modules; run npm ci --ignore-scripts first")
    sys.stdout.write(f"front end: {copied} files copied\n" if copied else "front end: up to date\n")


if __name__ == "__main__":
    main()
