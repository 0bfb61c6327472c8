"""Every address of the house. `config/routes.py` says what each of them shows, and to whom."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("webhooks/", include("payments.gateways.urls")),
]
