from django.apps import AppConfig


class FraudConfig(AppConfig):
    name = "payments.fraud"
    label = "fraud"
