from django.urls import path

from config.desk import views

app_name = "desk"
urlpatterns = [path("", views.home, name="home")]
