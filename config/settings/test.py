"""For the test suite: a SQLite file of its own, or the DATABASE_URL of an early plugin."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# A developer's .env is not for tests.
os.environ.setdefault("ENV_FILE", os.devnull)

from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "tests.audit.toys"]
SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
COMPTOIR_KEYRING = "test:" + "dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktdGVzdCE="
# A test that seals names a file of its own.
COMPTOIR_SEAL_ANCHOR = ""
SANDBOX_WEBHOOK_SECRETS = ["whsec_bG9jYWwtc2FuZGJveC13ZWJob29rLXNlY3JldA=="]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
OUTBOX_BELL = False
DEMO = False
WEBHOOKS_ALLOW_LOOPBACK = True
folder = Path(tempfile.mkdtemp(prefix="comptoir-test-"))
maker = os.getpid()


@atexit.register
def _tidy() -> None:
    """Whatever was forked from here ends too, and leaves the folder to whoever made it."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


METRICS_DIR = folder / "metrics"
METRICS_DIR.mkdir()
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
STORAGES = {
    **STORAGES,
    "private": {**STORAGES["private"], "OPTIONS": {"location": str(folder / "private")}},
}
if "DATABASE_URL" not in os.environ:
    # A file: parallel requests of a live server fail on a database in memory.
    DATABASES["default"]["NAME"] = str(folder / "app.sqlite3")
    DATABASES["default"]["TEST"] = {"NAME": str(folder / "test.sqlite3")}
    # The data die with the tests: no COMMIT waits for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
