"""For whoever tries it: one SQLite file, keys made on first use, mail on the console."""

from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR, env
from config.settings.kept import kept_secret, new_secret_key, new_webhook_secret

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret(VAR_DIR / "secret_key", new_secret_key)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
COMPTOIR_KEYRING_FILE = env.str("COMPTOIR_KEYRING_FILE", str(VAR_DIR / "keyring"))
COMPTOIR_KEYRING_CREATE = True
SANDBOX_URL = env.str("SANDBOX_URL", f"http://127.0.0.1:{env.int('SANDBOX_PORT', 8400)}")
SANDBOX_WEBHOOK_SECRETS = env.list("SANDBOX_WEBHOOK_SECRETS", default=[]) or [
    kept_secret(VAR_DIR / "sandbox_webhook_secret", new_webhook_secret)
]
DEMO = env.bool("DEMO", True)
# So that whoever tries it can have a receiver of his own beside it.
WEBHOOKS_ALLOW_LOOPBACK = DEMO
