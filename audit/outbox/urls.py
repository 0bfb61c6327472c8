from django.urls import path

from audit.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.outbox, name="list"),
    path("<uuid:message_id>/retry/new/", views.retry, name="retry"),
]
