from django.urls import path

from audit.presence import views

app_name = "presence"
urlpatterns = [path("<slug:kind>/<uuid:subject_id>/", views.beats, name="beats")]
