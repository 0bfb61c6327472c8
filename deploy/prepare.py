"""Makes the database ready, in one process: tables, cache, and the demo where there is none.

What it tells goes to standard error; standard output is for the demo accounts alone.
"""

import os
import signal
import sys
from contextlib import redirect_stdout
from pathlib import Path

DEMO_SIZE = {"payments": 500, "months": 13}


def make_ready() -> None:
    """Migrations, the table of the cache, static files if they are gone, the demo business."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    if not Path(settings.STATIC_ROOT).is_dir():
        call_command("collectstatic", interactive=False, verbosity=0)
    if settings.DEMO:
        call_command("demo", if_empty=True, **DEMO_SIZE)


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    with redirect_stdout(sys.stderr):
        make_ready()
    if settings.DEMO:
        call_command("demo", accounts=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
