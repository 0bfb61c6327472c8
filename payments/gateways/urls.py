from django.urls import path

from payments.gateways.views import events, webhook

app_name = "gateways"
urlpatterns = [
    path("webhooks/<slug:connector>/", webhook.receive, name="webhook"),
    path("provider-events/", events.events, name="events"),
    path("provider-events/mappings/", events.mappings, name="mappings"),
    path("provider-events/replays/", events.kind_replays, name="kind_replays"),
    path("provider-events/<uuid:event_id>/", events.event, name="event"),
    path("provider-events/<uuid:event_id>/replays/", events.replays, name="replays"),
]
