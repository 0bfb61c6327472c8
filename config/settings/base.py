"""What is the same everywhere. Each value that an operator may set comes from the environment;
the README's table lists them all."""

import os
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

env = environ.Env()
environ.Env.DB_SCHEMES["cockroachdb"] = "config.cockroachdb"

BASE_DIR = Path(__file__).resolve().parent.parent.parent
environ.Env.read_env(env.str("ENV_FILE", str(BASE_DIR / ".env")))
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config.desk",
    "config.demo",
    "config.api",
    "config.access",
    "disputes",
    "payments",
    "payments.settlement",
    "payments.fraud",
    "payments.giftcards",
    "payments.rewards",
    "payments.webhooks",
    "payments.gateways",
    "payments.parties",
    "payments.ledger",
    "audit.approvals",
    "audit.idempotency",
    "audit.notes",
    "audit.jobs",
    "audit.lists",
    "audit.outbox",
    "audit.presence",
    "audit.retention",
    "audit",
    "auditlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "config.access.site.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_tables2",
    "crispy_forms",
    "crispy_bootstrap5",
    "lucide",
    "csp",
    "ninja",
]

# The order is the design: a request is named first, replayed as a whole when the database asks
# for it, and every write inside it has an actor.
MIDDLEWARE = [
    "audit.middleware.RequestIdMiddleware",
    "audit.health.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.refusals.EdgeMiddleware",
    "audit.middleware.ReplayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.access.middleware.ActorMiddleware",
    "config.refusals.LegibleMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "config.access.middleware.KeptWorkMiddleware",
    "config.access.middleware.GateMiddleware",
    "config.api.middleware.ApiMiddleware",
    "audit.middleware.AccessRecordMiddleware",
    "audit.middleware.AmbientWorkMiddleware",
]

ROOT_URLCONF = "config.urls"

SERVES = env.str("SERVES", "all")
if SERVES == "api":
    # For systems alone, in processes of their own: no session, no person, no page.
    ROOT_URLCONF = "config.urls_api"
    MIDDLEWARE = [
        "audit.middleware.RequestIdMiddleware",
        "audit.health.middleware.HealthMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "config.api.middleware.PolicyMiddleware",
        "config.refusals.EdgeMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "config.access.middleware.VisitorMiddleware",
        # Does nothing here, but allauth will not start without it.
        "allauth.account.middleware.AccountMiddleware",
        "config.api.middleware.ApiMiddleware",
        "audit.middleware.AccessRecordMiddleware",
    ]
    # The administration is not served.
    SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
elif SERVES != "all":
    raise ImproperlyConfigured(f"SERVES={SERVES}: all or api")
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.desk.context.navigation",
            ],
        },
    }
]

# Databases -------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{VAR_DIR / 'comptoir.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if engine := env.str("DATABASE_ENGINE", ""):
    DATABASES["default"]["ENGINE"] = engine
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
        "-c default_transaction_isolation=serializable"
    )
if DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
    # A server that vanished without a word is noticed within half a minute, not after two hours.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DISABLE_COCKROACHDB_TELEMETRY = True
# A pooler in between that lends a connection for each statement cannot do it.
DATABASE_PIPELINE = env.bool("DATABASE_PIPELINE", True)
MIGRATION_MODULES = {"auditlog": None}

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
    }
}

# The record -------------------------------------------------------------------------------------

AUDITLOG_LOGENTRY_MODEL = "audit.LogEntry"
AUDITLOG_MASK_CALLABLE = "audit.masks.mask"
AUDITLOG_CID_GETTER = "audit.actor.current_request_id"

# The kernel asks for these by name, so that it imports nothing above it.
COMPTOIR_EDGE = "config.refusals.answer"
COMPTOIR_ROUTES = "config.routes.ROUTES"
COMPTOIR_READING = "config.reading.READING"
COMPTOIR_PERSON = "config.access.snapshot.find_person"
AMBIENT_WORK_PREFIXES = ["/admin/", "/accounts/"]
AMBIENT_WORK_FLOW = "config.access.middleware.answer_flow"

COMPTOIR_KEYRING = env.str("COMPTOIR_KEYRING", "")
COMPTOIR_KEYRING_FILE = env.str("COMPTOIR_KEYRING_FILE", "")
COMPTOIR_KEYRING_CREATE = False
COMPTOIR_KEY_PROVIDER = env.str("COMPTOIR_KEY_PROVIDER", "audit.keyring.LocalKeyring")
COMPTOIR_SEAL_ANCHOR = env.str("COMPTOIR_SEAL_ANCHOR", str(VAR_DIR / "seals.jsonl"))

# Files ------------------------------------------------------------------------------------------

# `private` holds what `audit.files` has sealed: ciphertext, wherever it is.
PRIVATE_FOLDER: dict[str, Any] = {
    "location": str(VAR_DIR / "private"),
    "file_permissions_mode": 0o600,
    "directory_permissions_mode": 0o700,
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "private": {
        "BACKEND": env.str("PRIVATE_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("PRIVATE_STORAGE_OPTIONS", PRIVATE_FOLDER),
    },
}

# Access -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["config.access.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "desk:home"
ACCOUNT_FORMS = {"login": "config.access.forms.SignInForm"}
ACCOUNT_ADAPTER = "config.access.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
# One address at a time: the new one takes over when its mail is answered.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Nobody makes this house write to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# How fresh a proof must be for what asks for one (`audit.gate.step_up`).
STEP_UP_S = env.int("STEP_UP_S", 10 * 60)
ACCOUNT_REAUTHENTICATION_TIMEOUT = STEP_UP_S
# What was typed when a session ended is given back to its person for so long.
KEPT_WORK_S = env.int("KEPT_WORK_S", 15 * 60)
ACCOUNT_PREVENT_ENUMERATION = True
MFA_ADAPTER = "config.access.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_FORMS = {
    "add_webauthn": "config.access.passkeys.AddPasskey",
    "edit_webauthn": "config.access.passkeys.RenamePasskey",
    "authenticate_webauthn": "config.access.passkeys.AuthenticateByPasskey",
    "login_webauthn": "config.access.passkeys.SignInByPasskey",
    "reauthenticate_webauthn": "config.access.passkeys.ProveByPasskey",
}
# No secret of a passkey can be guessed; a whole office may sign in from one address.
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
# For whom passkeys are made (a domain) and where they are used (origins with scheme). Empty: the
# host and the origin under which the page was asked for.
PASSKEY_DOMAIN = env.str("PASSKEY_DOMAIN", "")
PASSKEY_ORIGINS: list[str] = env.list("PASSKEY_ORIGINS", default=[])
MFA_TOTP_ISSUER = "Comptoir"
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_ADAPTER = "config.access.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False
# Whether roles that handle money or access ask for a second factor, unless a role says otherwise.
MONEY_REQUIRES_MFA = env.bool("MONEY_REQUIRES_MFA", False)
ADMIN_REQUIRES_MFA = env.bool("ADMIN_REQUIRES_MFA", False)

SESSION_ENGINE = "config.access.sessions"
# Countries whose numbers are also said without the code, a zero in its place.
LOCAL_CALLING_CODES: list[str] = env.list("LOCAL_CALLING_CODES", default=["33"])
SESSION_IDLE_S = env.int("SESSION_IDLE_S", 15 * 60)
SESSION_COOKIE_AGE = env.int("SESSION_LONGEST_S", 12 * 60 * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Sealed; says for whom to keep what is typed when a session is over, and opens nothing.
LAST_PERSON_COOKIE = "lastperson"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.refusals.csrf_failure"
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Comptoir <comptoir@localhost>")

# Pages ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "table.html"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# What people send is never spooled to a disk in clear: a request with more than this has no file.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

# A page says so often that it is open, and hears who else is there.
PRESENCE_POLL_S = 15

# Work in the background ---------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "filesystem://")
CELERY_BROKER_FOLDER = VAR_DIR / "broker"
# What rings by the clock; each task finds its own work and does nothing when there is none.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "outbox": {"task": "outbox.deliver", "schedule": 5.0},
    "outbox-tidy": {"task": "outbox.tidy", "schedule": 3600.0},
    "jobs-expire": {"task": "jobs.expire", "schedule": 3600.0},
    "lists-tidy": {"task": "lists.tidy", "schedule": 24 * 3600.0},
    "payments-resolve": {"task": "payments.resolve_unknown", "schedule": 30.0},
    "payments-expire": {"task": "payments.expire_authorizations", "schedule": 300.0},
    "payments-lapse": {"task": "payments.lapse_intents", "schedule": 300.0},
    "payments-days": {"task": "payments.add_up_days", "schedule": 120.0},
    "approvals-expire": {"task": "approvals.expire", "schedule": 300.0},
    "ledger-roll-up": {"task": "ledger.roll_up_balances", "schedule": 3600.0},
    "idempotency-complete": {"task": "idempotency.complete", "schedule": 60.0},
    "idempotency-tidy": {"task": "idempotency.tidy", "schedule": 3600.0},
    "webhooks-deliver": {"task": "webhooks.deliver", "schedule": 5.0},
    "webhooks-tidy": {"task": "webhooks.tidy", "schedule": 3600.0},
    "audit-seal": {"task": "audit.seal", "schedule": 30.0},
}
OUTBOX_BELL = env.bool("OUTBOX_BELL", True)

# Providers ----------------------------------------------------------------------------------------

# Connector name → the class of its gateway.
GATEWAYS = {
    "sandbox": "payments.gateways.sandbox.gateway.SandboxGateway",
    "stripe": "payments.gateways.stripe.gateway.StripeGateway",
}
PROVIDER_CALLS_AT_ONCE = env.int("PROVIDER_CALLS_AT_ONCE", 2)
PROVIDER_BREAKER_LEAST = env.int("PROVIDER_BREAKER_LEAST", 10)
STRIPE_URL = env.str("STRIPE_URL", "https://api.stripe.com")
PAYMENT_RETURN_URL = env.str("PAYMENT_RETURN_URL", "")
SANDBOX_URL = env.str("SANDBOX_URL", "http://127.0.0.1:8400")
SANDBOX_WEBHOOK_SECRETS: list[str] = env.list("SANDBOX_WEBHOOK_SECRETS", default=[])
PROVIDER_TIMEOUT_S = env.float("PROVIDER_TIMEOUT_S", 8.0)

# Working days from sending a refund until it stands on the statement, by network.
ARRIVAL_DAYS = "visa=3-7,mastercard=3-7,american_express=5-10,other=5-10"
REFUND_ARRIVAL_DAYS: dict[str, tuple[int, int]] = {
    network: (int(days.partition("-")[0]), int(days.rpartition("-")[2]))
    for network, days in (
        line.split("=")
        for line in [
            *ARRIVAL_DAYS.split(","),
            *env.list("REFUND_ARRIVAL_DAYS", default=[]),
        ]
    )
}

# The API ------------------------------------------------------------------------------------------

# How long a caller waits for a provider before he is told that it goes on.
API_WAIT_S = env.float("API_WAIT_S", 5.0)
# For each key: in all web processes where they share a cache of limits, else in each.
API_RATE_PER_S = env.float("API_RATE_PER_S", 50.0)
API_BURST = env.int("API_BURST", 100)
API_LIMITS_URL = env.str(
    "API_LIMITS_URL", CELERY_BROKER_URL if CELERY_BROKER_URL.startswith("redis") else ""
)
if API_LIMITS_URL:
    CACHES["limits"] = {
        "BACKEND": "config.api.cache.LimitsCache",
        "LOCATION": API_LIMITS_URL,
        "KEY_PREFIX": "comptoir-limits",
        # A cache that hangs must not hold a call up.
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
# So long a payment that was made without `confirm` waits to be confirmed.
CONFIRM_WITHIN_H = env.float("CONFIRM_WITHIN_H", 24.0)
# So long money that was taken for a payment that had failed waits for a person who takes it for the
# payment; then it goes back.
LATE_RETURN_AFTER_H = env.float("LATE_RETURN_AFTER_H", 24.0)
# As long as a payment can be refunded, and longer.
IDEMPOTENCY_KEPT_DAYS = env.int("IDEMPOTENCY_KEPT_DAYS", 400)

# Webhooks to merchants' systems -------------------------------------------------------------------

WEBHOOKS_TIMEOUT_S = env.float("WEBHOOKS_TIMEOUT_S", 15.0)
# Ports that may be called; only of public addresses.
WEBHOOKS_PORTS: list[int] = [int(port) for port in env.list("WEBHOOKS_PORTS", default=[443, 8443])]
# Certificates to trust besides none: empty for those of the system.
WEBHOOKS_CA_FILE = env.str("WEBHOOKS_CA_FILE", "")
# How long the log of deliveries is kept. Events stay.
WEBHOOKS_KEPT_DAYS = env.int("WEBHOOKS_KEPT_DAYS", 90)
# Calls to this machine itself: for the demo and the tests, never for real.
WEBHOOKS_ALLOW_LOOPBACK = False

# Machines that watch machines ---------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", "")
READY_OUTBOX_LAG_S = env.int("READY_OUTBOX_LAG_S", 0)
# prometheus-client takes the folder of all processes from nowhere else, and when it is imported.
METRICS_DIR = Path(env.str("METRICS_DIR", "") or VAR_DIR / "metrics")
METRICS_DIR.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)

LOG_FORMAT = env.str("LOG_FORMAT", "")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "audit.logs.ScrubFilter"}},
    "formatters": {"lines": {"()": "audit.logs.formatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["scrub"]}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    # psycopg warns of each conflict, httpx tells each call: both are told by our own lines.
    "loggers": {
        "psycopg": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        # A refusal is told in the line of its request, which has the route and no address.
        "django.request": {"level": "ERROR"},
        # gunicorn brings handlers of its own; Celery tells of each task.
        "gunicorn.error": {"propagate": True},
        "celery": {"level": "WARNING"},
    },
}
