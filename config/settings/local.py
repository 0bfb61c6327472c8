"""For whoever tries it: one SQLite file, keys made on first use, mail on the console."""

from config.settings.base import *  # noqa: F403
from config.settings.base import BASE_DIR, VAR_DIR, env

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "local-only-" + str(BASE_DIR))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
COMPTOIR_KEYRING_FILE = env.str("COMPTOIR_KEYRING_FILE", str(VAR_DIR / "keyring"))
COMPTOIR_KEYRING_CREATE = True
SANDBOX_WEBHOOK_SECRETS = env.list(
    "SANDBOX_WEBHOOK_SECRETS", default=["whsec_bG9jYWwtc2FuZGJveC13ZWJob29rLXNlY3JldA=="]
)
DEMO = env.bool("DEMO", True)
