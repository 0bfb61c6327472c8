"""Every address of the house. `config/routes.py` says what each of them shows, and to whom."""

from django.contrib import admin
from django.urls import include, path

from config.access.views.own import set_language
from config.api.root import make_urls
from payments.gateways.urls import accounts

urlpatterns = [
    path("", include("config.desk.urls")),
    path("", include("config.access.urls")),
    path("", include("audit.health.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", make_urls()),
    path("api-keys/", include("config.api.urls")),
    path("approvals/", include("audit.approvals.urls")),
    path("customers/", include("payments.parties.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("jobs/", include("audit.jobs.urls")),
    path("log/", include("audit.urls")),
    path("notes/", include("audit.notes.urls")),
    path("outbox/", include("audit.outbox.urls")),
    path("payments/", include("payments.urls")),
    path("connectors/", include(accounts)),
    path("", include("payments.gateways.urls")),
    path("", include("payments.webhooks.urls")),
    path("presence/", include("audit.presence.urls")),
]

handler403 = "config.refusals.permission_denied"
handler404 = "config.refusals.page_not_found"
handler500 = "config.refusals.server_error"
