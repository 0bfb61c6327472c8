from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "audit.idempotency"
    label = "idempotency"
