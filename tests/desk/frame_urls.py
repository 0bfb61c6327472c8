"""The addresses that the frame links to, so that it can be drawn without the apps behind them."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, include, path


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def one(app: str, route: str, name: str) -> URLResolver:
    return path("", include(([path(route, page, name=name)], app)))


urlpatterns = [
    path(
        "",
        include(
            (
                [
                    path("", page, name="home"),
                    path("search/", page, name="search"),
                    path("search/find/", page, name="find"),
                ],
                "desk",
            )
        ),
    ),
    one("payments", "payments/", "list"),
    one("approvals", "approvals/", "inbox"),
    one("log", "log/", "explorer"),
    path("admin/", admin.site.urls),
    one("access", "session/stay/", "stay"),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
