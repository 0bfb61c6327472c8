from django.urls import path

from audit.lists.routes import routes as list_routes
from payments.views import captures, payments, refunds, voids
from payments.views.lists import PAYMENTS

app_name = "payments"
urlpatterns = [
    path("", payments.payment_list, name="list"),
    *list_routes(PAYMENTS),
    path("<uuid:payment_id>/", payments.payment_detail, name="detail"),
    path("<uuid:payment_id>/progress/", payments.payment_progress, name="progress"),
    path("<uuid:payment_id>/refunds/new/", refunds.refund_new, name="refund_new"),
    path("<uuid:payment_id>/captures/new/", captures.capture_new, name="capture_new"),
    path("<uuid:payment_id>/void/new/", voids.void_new, name="void_new"),
]
