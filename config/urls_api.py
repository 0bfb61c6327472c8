"""The addresses of a process that serves systems alone (`SERVES=api`): shops' and providers'."""

from django.urls import include, path

from config.api.root import make_urls
from payments.gateways.urls import hooks

urlpatterns = [
    path("api/v1/", make_urls()),
    path("", include("audit.health.urls")),
    path("", include(hooks)),
]

handler403 = "config.refusals.permission_denied"
handler404 = "config.refusals.page_not_found"
handler500 = "config.refusals.server_error"
