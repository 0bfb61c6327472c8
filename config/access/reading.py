"""How looks at the administration read in the record (`config/sentences.py`)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

LOOKS: dict[str, Any] = {
    "access.admin.index": _("Opened the administration"),
    "access.admin.access_user_changelist": _("Looked at the list of people"),
    "access.admin.access_user_change": _("Looked at a person's account"),
    "access.admin.access_user_history": _("Looked at a person's history"),
    "access.admin.auth_group_changelist": _("Looked at the list of roles"),
    "access.admin.auth_group_change": _("Looked at a role"),
    "access.admin.parties_merchant_changelist": _("Looked at the list of merchants"),
    "access.admin.parties_merchant_change": _("Looked at a merchant"),
    "access.admin.approvals_approvallimit_changelist": _("Looked at the limits"),
    "access.admin.payments_networkterms_changelist": _("Looked at the card networks"),
    "access.admin.payments_refundreason_changelist": _("Looked at the refund reasons"),
    "access.admin.notes_tag_changelist": _("Looked at the list of tags"),
    "access.admin.autocomplete": _("Looked something up in the administration"),
    "access.admin.access_user_add": _("Opened the form for a new person"),
    "access.admin.access_user_delete": _("Opened the page that deletes a person"),
    "access.admin.auth_group_add": _("Opened the form for a new role"),
    "access.admin.auth_group_history": _("Looked at a role's history"),
    "access.admin.auth_group_delete": _("Opened the page that deletes a role"),
    "access.admin.parties_merchant_add": _("Opened the form for a new merchant"),
    "access.admin.parties_merchant_history": _("Looked at a merchant's history"),
    "access.admin.parties_merchant_delete": _("Opened the page that deletes a merchant"),
    "access.admin.approvals_approvallimit_add": _("Opened the form for a new limit"),
    "access.admin.approvals_approvallimit_change": _("Looked at a limit"),
    "access.admin.approvals_approvallimit_history": _("Looked at a limit's history"),
    "access.admin.approvals_approvallimit_delete": _("Opened the page that deletes a limit"),
    "access.admin.payments_networkterms_add": _("Opened the form for a new card network"),
    "access.admin.payments_networkterms_change": _("Looked at a card network"),
    "access.admin.payments_networkterms_history": _("Looked at a card network's history"),
    "access.admin.payments_networkterms_delete": _("Opened the page that deletes a card network"),
    "access.admin.payments_refundreason_add": _("Opened the form for a new refund reason"),
    "access.admin.payments_refundreason_change": _("Looked at a refund reason"),
    "access.admin.payments_refundreason_history": _("Looked at a refund reason's history"),
    "access.admin.payments_refundreason_delete": _("Opened the page that deletes a refund reason"),
    "access.admin.notes_tag_add": _("Opened the form for a new tag"),
    "access.admin.notes_tag_change": _("Looked at a tag"),
    "access.admin.notes_tag_history": _("Looked at a tag's history"),
    "access.admin.notes_tag_delete": _("Opened the page that deletes a tag"),
}
