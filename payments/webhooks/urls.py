from django.urls import path

from payments.webhooks.views import deliveries, endpoints, events

app_name = "webhooks"
urlpatterns = [
    path("webhook-endpoints/", endpoints.endpoints, name="endpoints"),
    path("webhook-endpoints/new/", endpoints.endpoint_new, name="endpoint_new"),
    path("webhook-endpoints/<uuid:endpoint_id>/", endpoints.endpoint, name="endpoint"),
    path("webhook-endpoints/<uuid:endpoint_id>/change/new/", endpoints.change, name="change"),
    path("webhook-endpoints/<uuid:endpoint_id>/rotation/new/", endpoints.rotation, name="rotation"),
    path("webhook-endpoints/<uuid:endpoint_id>/tests/", endpoints.tests, name="tests"),
    path("webhook-endpoints/<uuid:endpoint_id>/disabling/", endpoints.disabling, name="disabling"),
    path("webhook-endpoints/<uuid:endpoint_id>/enabling/", endpoints.enabling, name="enabling"),
    path(
        "webhook-endpoints/<uuid:endpoint_id>/redeliveries/",
        deliveries.endpoint_redeliveries,
        name="endpoint_redeliveries",
    ),
    path("webhook-deliveries/", deliveries.deliveries, name="deliveries"),
    path("webhook-deliveries/<uuid:delivery_id>/", deliveries.delivery, name="delivery"),
    path(
        "webhook-deliveries/<uuid:delivery_id>/redeliveries/",
        deliveries.redeliveries,
        name="redeliveries",
    ),
    path("shop-events/", events.events, name="events"),
    path("shop-events/<uuid:event_id>/", events.event, name="event"),
]
