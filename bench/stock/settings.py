import environ

env = environ.Env()
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = None
# In one process nothing conflicts. Where several work at once Django's own default is taken: at
# SERIALIZABLE what conflicts would have to be tried again, which this side does not.
ISOLATION = env.str("STOCK_ISOLATION", "serializable").replace(" ", r"\ ")
DATABASES["default"]["OPTIONS"] = {"options": f"-c default_transaction_isolation={ISOLATION}"}
SECRET_KEY = "only-for-measuring"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "auditlog",
    "bench.stock",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "bench.stock.http"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
]
