"""What the pages of the desk are called, for whoever looks at what a role opens."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

PAGES: dict[str, Any] = {
    "desk:home": _("Home"),
    "desk:search": _("Search"),
    "desk:trail": _("Trail of a request"),
    "desk:role_preview": _("The desk as a role sees it"),
    "access:matrix": _("Roles beside permissions"),
    "access:person": _("What a person may do"),
    "keys:list": _("API keys"),
    "keys:new": _("New API key"),
    "keys:rotation": _("Rotation of an API key"),
    "keys:revocation": _("Revocation of an API key"),
    "approvals:inbox": _("Approvals"),
    "approvals:detail": _("A request for approval"),
    "parties:customer": _("A customer"),
    "parties:reveal": _("A customer's details in clear"),
    "parties:details_new": _("Correction of a customer's details"),
    "parties:merge_new": _("Merge of two customers"),
    "parties:split_new": _("Taking a merge back"),
    "parties:looks": _("Who has seen a customer"),
    "jobs:detail": _("Long work"),
    "log:explorer": _("Log"),
    "log:people": _("Choice of a person for the log"),
    "log:entry": _("A log entry"),
    "notes:board": _("Notes and tags"),
    "notes:correction": _("Correction of a note"),
    "payments:list": _("Payments"),
    "payments:detail": _("A payment"),
    "payments:expiring": _("Expiring authorizations"),
    "payments:unsettled": _("What the providers have not told"),
    "payments:refund_new": _("Refund of a payment"),
    "payments:capture_new": _("Capture of a payment"),
    "payments:capture_void_new": _("Taking a capture back"),
    "payments:increment_new": _("Holding more"),
    "payments:void_new": _("Void of an authorization"),
    "payments:correction_new": _("Correction of a payment"),
    "payments:bulk_refunds": _("Refund of several payments"),
    "payments:bulk_captures": _("Capture of several payments"),
    "payments:bulk_voids": _("Void of several payments"),
    "payments:bulk_tags": _("Tag on several payments"),
    "connectors:list": _("Connectors"),
    "connectors:key": _("New key of an account"),
    "connectors:secret": _("New webhook secret of an account"),
    "connectors:routing": _("Routing"),
    "gateways:events": _("Provider events"),
    "gateways:event": _("A provider event"),
    "webhooks:endpoints": _("Webhook endpoints"),
    "webhooks:endpoint": _("A webhook endpoint"),
    "webhooks:endpoint_new": _("New webhook endpoint"),
    "webhooks:change": _("Change of a webhook endpoint"),
    "webhooks:rotation": _("Exchange of a webhook secret"),
    "webhooks:deliveries": _("Deliveries of events"),
    "webhooks:delivery": _("A delivery"),
    "webhooks:events": _("Events of merchants"),
    "webhooks:event": _("An event of a merchant"),
}
"""By route, in the order in which they are told."""

PARTS = frozenset(
    {
        "desk:find",
        "desk:found",
        "approvals:subject",
        "approvals:decision",
        "approvals:withdrawal",
        "approvals:notice",
        "jobs:file",
        "notes:note_new",
        "notes:file",
        "parties:panel",
        "payments:refund_preview",
    }
)
"""Routes that leave a look and are no page: files, buttons, parts of a page above."""
