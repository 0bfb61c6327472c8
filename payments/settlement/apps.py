from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "payments.settlement"
    label = "settlement"
