from django.urls import path

from config.desk.views import home, mode, preview, search, trail

app_name = "desk"
urlpatterns = [
    path("", home.home, name="home"),
    path("mode/", mode.mode, name="mode"),
    path("roles/<int:role_id>/preview/", preview.role_preview, name="role_preview"),
    path("roles/<int:role_id>/walks/new/", preview.walk_new, name="walk_new"),
    path("roles/walk/end/", preview.walk_end, name="walk_end"),
    path("search/", search.start, name="search"),
    path("search/find/", search.find, name="find"),
    path("search/<str:ticket>/", search.found, name="found"),
    path("log/trail/<slug:request_id>/", trail.trail, name="trail"),
]
