from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "audit.retention"
    label = "retention"
