"""`python -m tests.browser.index_pictures`: an index of the pictures; ends with 1 when one lacks."""

from __future__ import annotations

import os
import sys

import django


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    from tests.browser import gallery, index

    folder = gallery.pictures()
    missing = index.missing_pictures(folder)
    sys.stdout.write(f"{index.write_index(folder)}\n")
    if missing:
        sys.stdout.write("no picture of:\n  " + "\n  ".join(missing) + "\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
