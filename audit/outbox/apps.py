from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "audit.outbox"
    label = "outbox"
