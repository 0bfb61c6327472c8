from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "payments.rewards"
    label = "rewards"
