"""Production: nothing has a default that would be unsafe, and a missing secret stops the start."""

import os

from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES, env

_NEEDED = ("SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS")
_missing = [name for name in _NEEDED if not os.environ.get(name)]
if not (os.environ.get("COMPTOIR_KEYRING") or os.environ.get("COMPTOIR_KEYRING_FILE")):
    _missing.append("COMPTOIR_KEYRING_FILE (or COMPTOIR_KEYRING)")
if _missing:
    # Not an exception with its story: one line is what the operator needs.
    raise SystemExit(f"production needs {', '.join(_missing)}: see .env.example")

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 60 * 60)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
MONEY_REQUIRES_MFA = env.bool("MONEY_REQUIRES_MFA", True)
ADMIN_REQUIRES_MFA = env.bool("ADMIN_REQUIRES_MFA", True)
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
LAST_PERSON_COOKIE = "__Host-lastperson"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DEMO = False
