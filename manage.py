#!/usr/bin/env python
"""The door to every command of Comptoir's: whoever stands at it acts as an operator."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    from django.core.management import execute_from_command_line

    from audit.actor import acting_as, operator

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    with acting_as(operator(command)):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
