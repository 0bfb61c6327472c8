from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "payments.parties"
    label = "parties"
