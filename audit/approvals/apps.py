from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "audit.approvals"
    label = "approvals"
