from django.urls import path

from payments.gateways.views import receive

app_name = "gateways"
urlpatterns = [path("<slug:connector>/", receive, name="webhook")]
