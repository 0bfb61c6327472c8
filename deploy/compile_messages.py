"""Compiles the catalogues of `locale/` into the files Django reads; only those that changed.

gettext's own tools are not needed: Babel is here anyway.
"""

import os
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_catalogue(source: Path) -> bool:
    """Write the `.mo` beside a `.po`. False when it already said the same."""
    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=source.parent.parent.name)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    target = source.with_suffix(".mo")
    if target.is_file() and target.read_bytes() == compiled.getvalue():
        return False
    # Renamed into place: a process that starts now reads a whole file.
    half_done = target.with_suffix(f".{os.getpid()}")
    half_done.write_bytes(compiled.getvalue())
    half_done.replace(target)
    return True


def main() -> int:
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        compile_catalogue(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
