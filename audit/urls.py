from django.urls import path

from audit import views

app_name = "log"
urlpatterns = [
    path("", views.explorer, name="explorer"),
    path("people/", views.people, name="people"),
    path("<uuid:entry_id>/", views.entry, name="entry"),
]
