from django.urls import path

from payments.parties.views import customers, details, looks, merges, splits

app_name = "parties"
urlpatterns = [
    path("<uuid:customer_id>/", customers.customer, name="customer"),
    path("<uuid:customer_id>/reveals/new/", customers.reveal, name="reveal"),
    path("<uuid:customer_id>/details/new/", details.details_new, name="details_new"),
    path("merges/<uuid:merge_id>/splits/new/", splits.split_new, name="split_new"),
    path("<uuid:customer_id>/looks/", looks.looks, name="looks"),
    path("<uuid:customer_id>/merges/new/", merges.merge_new, name="merge_new"),
    path("<uuid:customer_id>/panels/<slug:part>/", customers.panel, name="panel"),
]
