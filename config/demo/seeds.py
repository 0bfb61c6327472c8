"""What must be there before the first sale: accounts, limits, reasons, tags."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from audit.approvals.models import ApprovalLimit, Kind
from audit.notes.models import Tag
from config.access.commands import create_person
from config.access.models import User
from config.demo.people import COLLEAGUES, PASSWORD
from payments.models import RefundReason

LIMITS = {
    "support_agent": {"EUR": 15_000, "USD": 15_000, "JPY": 15_000},
    "support_lead": {"EUR": 250_000, "USD": 250_000, "JPY": 250_000},
}
CORRECTION_LIMITS = {
    "support_lead": {"EUR": 50_000, "USD": 50_000, "JPY": 50_000},
    "finance_controller": {"EUR": 250_000, "USD": 250_000, "JPY": 250_000},
}

REASONS = (
    ("requested_by_customer", "Customer changed their mind", "Le client a changé d'avis"),
    ("not_received", "Goods did not arrive", "Article non reçu"),
    ("defective", "Goods are damaged or wrong", "Article abîmé ou erroné"),
    ("duplicate", "Charged twice", "Débité deux fois"),
    ("wrong_amount", "Wrong amount charged", "Montant erroné"),
    ("fraudulent", "The customer did not pay this", "Paiement non reconnu"),
    ("goodwill", "Goodwill", "Geste commercial"),
)

CORRECTIONS = (
    ("provider_dashboard", "The provider's own pages say so", "Le portail du prestataire le dit"),
    ("provider_support", "The provider's support says so", "Le support du prestataire le dit"),
    ("settlement_report", "The settlement report says so", "Le relevé de règlement le dit"),
)
TAGS = (
    ("call_back", "Call back", "Rappeler", "blue"),
    ("vip", "Important customer", "Client important", "purple"),
    ("suspicious", "Looks suspicious", "À surveiller", "red"),
    ("goodwill", "Goodwill given", "Geste accordé", "green"),
    ("waits_for_shop", "Waits for the shop", "Attend la boutique", "yellow"),
)


def seed_people() -> dict[str, User]:
    """The colleagues of the demo, by role. A repeat changes nothing."""
    return {
        one.role: create_person(
            email=one.email,
            name=one.name,
            password=PASSWORD,
            roles=[one.role],
            is_staff=one.is_staff,
        )
        for one in COLLEAGUES
    }


def seed_settings() -> None:
    """Limits, reasons and tags. A repeat changes nothing, and leaves what was edited as it is."""
    with transaction.atomic(durable=True):
        for kind, roles in ((Kind.REFUND, LIMITS), (Kind.CORRECTION, CORRECTION_LIMITS)):
            _seed_limits(kind, roles)
        for position, (code, label, label_fr) in enumerate(REASONS):
            RefundReason.objects.get_or_create(
                code=code,
                defaults={"label": label, "label_fr": label_fr, "position": position},
            )
        for position, (code, label, label_fr) in enumerate(CORRECTIONS):
            words = {"label": label, "label_fr": label_fr, "position": position}
            RefundReason.objects.get_or_create(
                code=code, defaults={"act": RefundReason.Act.CORRECTION, **words}
            )
        for position, (code, label, label_fr, tone) in enumerate(TAGS):
            words = {"label": label, "label_fr": label_fr, "tone": tone, "position": position}
            Tag.objects.get_or_create(code=code, defaults=words)


def _seed_limits(kind: Kind, roles: dict[str, dict[str, int]]) -> None:
    for role, limits in roles.items():
        group = Group.objects.get(name=role)
        for currency, minor in limits.items():
            ApprovalLimit.objects.get_or_create(
                role=group, kind=kind, currency=currency, defaults={"max_minor": minor}
            )
