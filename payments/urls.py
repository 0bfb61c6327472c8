from django.urls import path

from payments.views import payments

app_name = "payments"
urlpatterns = [
    path("", payments.payment_list, name="list"),
    path("<uuid:payment_id>/", payments.payment_detail, name="detail"),
]
