"""Errors of every kind, on four threads: how many of them left something behind."""

from __future__ import annotations

import sys

import django

THREADS = 4


def main() -> None:
    django.setup()
    from tests.engine.injuries import injure

    for line in sys.stdin:
        if line.startswith("wrong "):
            found = injure(int(line.removeprefix("wrong ")), THREADS)
            sys.stderr.writelines(f"{wrong}\n" for wrong in found.wrong)
            sys.stdout.write(f"{len(found.wrong)}\n")
        else:
            sys.stdout.write("0\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
