from django.urls import path

from config.access import views

app_name = "access"
urlpatterns = [
    path("session/stay/", views.stay, name="stay"),
    path("session/second-factor/", views.second_factor, name="second_factor"),
    # Under allauth's own prefix: ending a session is its write, inside the request's Work.
    path("accounts/sessions/<int:session_id>/end/", views.end_session, name="end_session"),
]
