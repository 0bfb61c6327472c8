from django.urls import path

from audit.lists.routes import routes as list_routes
from payments.views import (
    boards,
    bulk,
    captures,
    corrections,
    exports,
    increments,
    payments,
    refunds,
    voids,
)
from payments.views.lists import PAYMENTS

app_name = "payments"
urlpatterns = [
    path("", payments.payment_list, name="list"),
    *list_routes(PAYMENTS),
    path("exports/new/", exports.export_new, name="export_new"),
    path("bulk/refunds/new/", bulk.bulk_refunds, name="bulk_refunds"),
    path("bulk/captures/new/", bulk.bulk_captures, name="bulk_captures"),
    path("bulk/voids/new/", bulk.bulk_voids, name="bulk_voids"),
    path("bulk/tags/new/", bulk.bulk_tags, name="bulk_tags"),
    path("expiring/", boards.expiring, name="expiring"),
    path("unsettled/", boards.unsettled, name="unsettled"),
    path("<uuid:payment_id>/", payments.payment_detail, name="detail"),
    path("<uuid:payment_id>/progress/", payments.payment_progress, name="progress"),
    path("<uuid:payment_id>/refunds/new/", refunds.refund_new, name="refund_new"),
    path("<uuid:payment_id>/refunds/preview/", refunds.refund_preview, name="refund_preview"),
    path("<uuid:payment_id>/captures/new/", captures.capture_new, name="capture_new"),
    path(
        "<uuid:payment_id>/captures/<uuid:capture_id>/void/new/",
        captures.capture_void_new,
        name="capture_void_new",
    ),
    path("<uuid:payment_id>/increments/new/", increments.increment_new, name="increment_new"),
    path("<uuid:payment_id>/inquiries/", boards.inquiries, name="inquiries"),
    path("<uuid:payment_id>/corrections/new/", corrections.correction_new, name="correction_new"),
    path("<uuid:payment_id>/void/new/", voids.void_new, name="void_new"),
]
