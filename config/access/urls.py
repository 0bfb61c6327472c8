from django.urls import path

from config.access.views import own, roles

app_name = "access"
urlpatterns = [
    path("roles/", roles.matrix, name="matrix"),
    path("roles/people/<uuid:person_id>/", roles.person, name="person"),
    path("session/stay/", own.stay, name="stay"),
    path("session/second-factor/", own.second_factor, name="second_factor"),
    # Under allauth's own prefix: ending a session is its write, inside the request's Work.
    path("accounts/sessions/<int:session_id>/end/", own.end_session, name="end_session"),
]
