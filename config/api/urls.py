from django.urls import path

from config.api import views

app_name = "keys"
urlpatterns = [
    path("", views.key_list, name="list"),
    path("new/", views.key_new, name="new"),
    path("<uuid:key_id>/rotation/new/", views.key_rotation, name="rotation"),
    path("<uuid:key_id>/revocation/new/", views.key_revocation, name="revocation"),
]
