from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "payments.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        from audit import companions, modes, net, rotation
        from audit.idempotency.answers import presenters
        from payments.webhooks import needs, tasks  # noqa: F401, Celery finds the task
        from payments.webhooks.models import Attempt, Delivery, Endpoint
        from payments.webhooks.presenting import present_endpoint, present_secret
        from payments.webhooks.steps import note_events

        modes.mark(Endpoint)
        modes.mark(Delivery, "endpoint__is_live")
        net.keep(Endpoint, left_out=["key", "fingerprint", "version"])
        for name, model, column, place in (
            ("webhook secrets", Endpoint, "secret", Endpoint.place_of_secret),
            ("webhook secrets that end", Endpoint, "old_secret", Endpoint.place_of_old_secret),
            ("webhook requests", Attempt, "request", Attempt.place_of_request),
            ("webhook answers", Attempt, "answer", Attempt.place_of_answer),
        ):
            rotation.register_secret(name, model, column, place)
        companions.followers.append(note_events)
        presenters.update(webhook_endpoint=present_endpoint, webhook_secret=present_secret)
        needs.register()
