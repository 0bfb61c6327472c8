"""Third-party apps alone: their migrations must pass on the engine whatever ours do."""

import environ

env = environ.Env()
environ.Env.DB_SCHEMES["cockroachdb"] = "config.cockroachdb"

SECRET_KEY = "only-for-tests"
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["ENGINE"] = env.str("DATABASE_ENGINE", "config.cockroachdb")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SITE_ID = 1
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.sites",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
