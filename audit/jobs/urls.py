from django.urls import path

from audit.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("<uuid:job_id>/", views.detail, name="detail"),
    path("<uuid:job_id>/progress/", views.progress, name="progress"),
    path("<uuid:job_id>/cancellation/", views.cancellation, name="cancellation"),
    path("<uuid:job_id>/file/", views.file, name="file"),
]
