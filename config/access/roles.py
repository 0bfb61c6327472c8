"""The roles of the house: one table. Groups of the same name are made from it by `migrate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal

ASSIGN = "access.assign_role"
MONEY = frozenset(
    {
        "payments.refund_payment",
        "payments.capture_payment",
        "payments.increment_payment",
        "payments.void_payment",
        "payments.correct_payment",
        "payments.book_off_late",
        "gateways.map_event",
        "gateways.manage_connector",
        "approvals.decide_refund",
        "approvals.decide_correction",
        "approvals.add_approvallimit",
        "approvals.change_approvallimit",
        "parties.add_merchant",
        "parties.change_merchant",
    }
)
"""Permissions that move money, or say how much of it may move."""
GRANTING = frozenset(
    {
        ASSIGN,
        "access.add_user",
        "access.change_user",
        "auth.change_group",
    }
)
"""Permissions that decide what others may do."""
JOBS = frozenset({"outbox.retry_message"})
"""Permissions that run work of the background again."""


@dataclass(frozen=True)
class Role:
    """A job in the house. `code` is the group's name; `label` and `about` are for people."""

    code: str
    label: Any
    about: Any
    permissions: frozenset[str]
    is_staff: bool = False

    @property
    def handles_money(self) -> bool:
        return bool(self.permissions & MONEY)


def _role(code: str, label: Any, about: Any, *permissions: str, staff: bool = False) -> Role:
    return Role(code, label, about, frozenset(permissions), staff)


LOOK = ("payments.view_payment", "parties.view_customer", "notes.view_note")
HOOKS = ("webhooks.view_endpoint", "webhooks.view_delivery")
WORK = (*LOOK, "notes.add_note")
DISPUTES = (*WORK, "payments.view_refundreason", "payments.view_networkterms")

TABLE: tuple[Role, ...] = (
    _role(
        "support_agent",
        _("support agent"),
        _("Finds a customer's payment and refunds it within a limit."),
        *WORK,
        "payments.refund_payment",
        "payments.inquire_payment",
        "payments.view_refundreason",
        "payments.view_networkterms",
        "approvals.view_approval",
        "parties.change_customer",
        "parties.merge_customer",
    ),
    _role(
        "support_lead",
        _("support lead"),
        _("What an agent may, higher refunds, and the second pair of eyes."),
        *WORK,
        "payments.view_daytotals",
        "parties.reveal_customer",
        "payments.refund_payment",
        "payments.capture_payment",
        "payments.increment_payment",
        "payments.void_payment",
        "payments.export_payments",
        "payments.inquire_payment",
        "payments.view_refundreason",
        "payments.view_networkterms",
        "approvals.view_approval",
        "payments.correct_payment",
        "approvals.decide_refund",
        "approvals.decide_merge",
        "approvals.decide_split",
        "parties.change_customer",
        "parties.merge_customer",
        "approvals.decide_correction",
        "notes.hide_note",
        *HOOKS,
        "webhooks.view_event",
    ),
    _role(
        "dispute_analyst",
        _("dispute analyst"),
        _("Gathers the evidence for a dispute."),
        *DISPUTES,
    ),
    _role(
        "dispute_lead",
        _("dispute lead"),
        _("Decides which disputes are fought, and sees who the customer is."),
        *DISPUTES,
        "payments.view_daytotals",
        "payments.export_payments",
        "parties.reveal_customer",
    ),
    _role(
        "finance_controller",
        _("finance controller"),
        _("Proves the books, corrects payments, sets limits and decides on refunds."),
        *WORK,
        "payments.view_daytotals",
        "payments.refund_payment",
        "payments.capture_payment",
        "payments.increment_payment",
        "payments.void_payment",
        "payments.inquire_payment",
        "payments.correct_payment",
        "payments.book_off_late",
        "gateways.view_inboundevent",
        "gateways.map_event",
        "gateways.view_connectoraccount",
        "gateways.manage_connector",
        "payments.export_payments",
        "payments.view_refundreason",
        "payments.view_networkterms",
        "payments.add_refundreason",
        "payments.add_networkterms",
        "payments.change_refundreason",
        "payments.change_networkterms",
        "notes.hide_note",
        "notes.view_tag",
        "notes.add_tag",
        "notes.change_tag",
        "approvals.view_approval",
        "approvals.decide_refund",
        "approvals.decide_correction",
        "approvals.view_approvallimit",
        "approvals.add_approvallimit",
        "approvals.change_approvallimit",
        "parties.view_merchant",
        "parties.add_merchant",
        "parties.change_merchant",
        "api.view_apikey",
        "api.add_apikey",
        "api.change_apikey",
        *HOOKS,
        "webhooks.view_event",
        "webhooks.add_endpoint",
        "webhooks.change_endpoint",
        "webhooks.redeliver_delivery",
        staff=True,
    ),
    _role(
        "fraud_analyst",
        _("fraud analyst"),
        _("Looks into suspicious payments and voids them before they are captured."),
        *WORK,
        "payments.view_daytotals",
        "parties.reveal_customer",
        "payments.void_payment",
        "payments.inquire_payment",
    ),
    _role(
        "gift_card_operator",
        _("gift card operator"),
        _("Issues, blocks and corrects gift cards."),
        *WORK,
    ),
    _role(
        "loyalty_operator",
        _("loyalty operator"),
        _("Runs the points: earning, burning, corrections."),
        *WORK,
    ),
    _role(
        "privacy_officer",
        _("privacy officer"),
        _("Answers what is known about a person, and erases it."),
        "parties.view_customer",
        "parties.change_customer",
        "parties.reveal_customer",
        "notes.view_note",
        "audit.view_logentry",
    ),
    _role(
        "auditor",
        _("auditor"),
        _("Reads the record and everything it speaks of; changes nothing."),
        *LOOK,
        "payments.view_daytotals",
        "audit.view_logentry",
        "auth.view_group",
        "gateways.view_inboundevent",
        "gateways.view_connectoraccount",
        "approvals.view_approval",
        "approvals.view_approvallimit",
        "outbox.view_message",
        "jobs.view_job",
        "payments.view_refundreason",
        "payments.view_networkterms",
        *HOOKS,
        "webhooks.view_event",
    ),
    _role(
        "access_administrator",
        _("access administrator"),
        _("Decides who holds which role; touches no money."),
        ASSIGN,
        "api.view_apikey",
        "api.add_apikey",
        "api.change_apikey",
        "parties.view_merchant",
        *HOOKS,
        "webhooks.add_endpoint",
        "webhooks.change_endpoint",
        "webhooks.redeliver_delivery",
        "access.view_user",
        "access.add_user",
        "access.change_user",
        "auth.view_group",
        "auth.add_group",
        "auth.change_group",
        "outbox.view_message",
        "outbox.retry_message",
        "jobs.view_job",
        "jobs.stop_job",
        staff=True,
    ),
)
ROLES: dict[str, Role] = {role.code: role for role in TABLE}
GRANTABLE: frozenset[str] = frozenset().union(*(role.permissions for role in TABLE))
"""Everything that any role of the table holds: nothing else is ever given."""


def find_role(code: str) -> Role:
    """The role of a code. Raises Refusal (missing)."""
    role = ROLES.get(code)
    if role is None:
        raise Refusal("access.no_such_role", _("There is no such role."), Kind.MISSING)
    return role
