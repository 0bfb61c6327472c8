"""The invented people of the demo: who works in the house, and who buys."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "comptoir-demo"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Colleague:
    """An account of the demo. Everybody's password is `PASSWORD`."""

    email: str
    name: str
    role: str
    is_staff: bool = False


COLLEAGUES = (
    Colleague("agent@demo.test", "Amandine Vasseur", "support_agent"),
    Colleague("lead@demo.test", "Lorcan Deville", "support_lead"),
    Colleague("analyst@demo.test", "Disa Hallgren", "dispute_analyst"),
    Colleague("disputes@demo.test", "Dario Pellegrin", "dispute_lead"),
    Colleague("finance@demo.test", "Fenella Marchetti", "finance_controller"),
    Colleague("fraud@demo.test", "Faustin Okoro", "fraud_analyst"),
    Colleague("cards@demo.test", "Clémence Arditi", "gift_card_operator"),
    Colleague("points@demo.test", "Perrin Lasalle", "loyalty_operator"),
    Colleague("privacy@demo.test", "Priya Sundström", "privacy_officer"),
    Colleague("auditor@demo.test", "Aurelio Brandt", "auditor"),
    Colleague("admin@demo.test", "Adelheid Romero", "access_administrator", is_staff=True),
)

# fmt: off
GIVEN = (
    "Odile", "Basile", "Maëlle", "Corentin", "Inès", "Thibault", "Solène", "Anatole",
    "Philippine", "Gaspard", "Romane", "Élie", "Capucine", "Lazare", "Héloïse", "Octave",
    "Violette", "Ambroise", "Zélie", "Achille", "Sidonie", "Cyprien", "Albane", "Côme", "Wilma",
    "Torsten", "Giulia", "Matteo", "Ingrid", "Henrik", "Paloma", "Rafael", "Saoirse", "Declan",
    "Mireille", "Yuki", "Kenji",
)

FAMILY = (
    "Fontane", "Marchemont", "Delacourcelle", "Vautrin", "Brissonnet", "Castelneau", "Dorvalle",
    "Esparron", "Feuillade", "Grandclos", "Hautecoeur", "Jolivard", "Kervadec", "Lanternier",
    "Montferrand", "Noirmont", "Oriolle", "Pontavice", "Quillec", "Rochambault", "Sauvageon",
    "Tremolières", "Valcourtois", "Wintzenrieth", "Bergqvist", "Lindermann", "Castigliero",
    "Ferramonti", "Hoogendorp", "Villanuevo", "O'Dunleavy", "Fitzgarren", "Takeyoshi",
    "Moritani",
)
# fmt: on

STREETS = ("rue des Glycines", "quai du Levant", "allée des Tilleuls", "place du Vieux-Marché")
TOWNS = ("Aubeterre", "Montclairvaux", "Sainte-Orme", "Villebrume", "Port-Aurel")
