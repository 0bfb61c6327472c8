from django.urls import path

from payments.gateways.views import connectors, events, routing, webhook

app_name = "gateways"
receiving = [path("webhooks/<slug:connector>/", webhook.receive, name="webhook")]
hooks = (receiving, app_name)
"""What providers call, without what people look at."""
urlpatterns = [
    *receiving,
    path("provider-events/", events.events, name="events"),
    path("provider-events/mappings/", events.mappings, name="mappings"),
    path("provider-events/replays/", events.kind_replays, name="kind_replays"),
    path("provider-events/<uuid:event_id>/", events.event, name="event"),
    path("provider-events/<uuid:event_id>/replays/", events.replays, name="replays"),
    path("provider-events/<uuid:event_id>/closings/", events.closings, name="closings"),
]
accounts = (
    [
        path("", connectors.connectors, name="list"),
        path("new/", connectors.account_new, name="new"),
        path("<uuid:account_id>/key/new/", connectors.account_key, name="key"),
        path("<uuid:account_id>/secret/new/", connectors.account_secret, name="secret"),
        path("<uuid:account_id>/trials/", connectors.trials, name="trials"),
        path("<uuid:account_id>/enabling/", connectors.enabling, name="enabling"),
        path("<uuid:account_id>/disabling/", connectors.disabling, name="disabling"),
        path("routing/", routing.routing, name="routing"),
        path("routing/new/", routing.route_new, name="route_new"),
        path("routing/<uuid:route_id>/ending/", routing.route_ending, name="route_ending"),
    ],
    "connectors",
)
"""Under `/connectors/`."""
