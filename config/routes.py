"""What every route shows: one table from the first page on. A route missing here fails a test."""

from __future__ import annotations

from audit.access import DataClass, Route
from config.access.routes import ROUTES as ACCESS
from config.access.routes import of_admin

ROUTES: dict[str, Route] = {
    **ACCESS,
    **of_admin("payments_refundreason", DataClass.SETTINGS, "label"),
    **of_admin("approvals_approvallimit", DataClass.SETTINGS, "role", "amount"),
    "health:live": Route(DataClass.NOTHING),
    "health:ready": Route(DataClass.NOTHING),
    "health:metrics": Route(DataClass.NOTHING),
    "log:explorer": Route(DataClass.RECORD),
    "log:entry": Route(DataClass.RECORD, ("who", "address", "changes")),
    "log:people": Route(DataClass.STAFF, ("name", "reference")),
    "approvals:inbox": Route(DataClass.PAYMENT, ("amount", "reason")),
    "approvals:detail": Route(DataClass.PAYMENT, ("amount", "reason", "note")),
    "approvals:decision": Route(DataClass.PAYMENT, ("amount", "reason", "note")),
    "approvals:withdrawal": Route(DataClass.PAYMENT, ("amount", "reason", "note")),
    "approvals:subject": Route(DataClass.NOTHING),
    "desk:home": Route(DataClass.PAYMENT, ("figures", "waiting", "last_touched")),
    "payments:list": Route(
        DataClass.PAYMENT, ("amount", "status", "order", "card", "customer_masked")
    ),
    "payments:columns": Route(DataClass.NOTHING),
    "payments:views": Route(DataClass.NOTHING),
    "payments:view_new": Route(DataClass.NOTHING),
    "payments:view_name": Route(DataClass.NOTHING),
    "payments:view_content": Route(DataClass.NOTHING),
    "payments:view_removal": Route(DataClass.NOTHING),
    "payments:view_restoration": Route(DataClass.NOTHING),
    "payments:detail": Route(
        DataClass.PAYMENT,
        ("amount", "status", "card", "customer_masked", "refunds", "ledger", "notes"),
    ),
    "payments:progress": Route(DataClass.NOTHING),
    "payments:refund_new": Route(DataClass.PAYMENT, ("amount", "card", "merchant_balance")),
    "payments:capture_new": Route(DataClass.PAYMENT, ("amount",)),
    "payments:void_new": Route(DataClass.PAYMENT, ("amount",)),
    **of_admin("notes_tag", DataClass.SETTINGS, "label"),
    "notes:board": Route(DataClass.PAYMENT, ("notes", "tags")),
    "notes:note_new": Route(DataClass.PAYMENT, ("notes", "tags")),
    "notes:correction": Route(DataClass.PAYMENT, ("notes",)),
    "notes:hiding": Route(DataClass.NOTHING),
    "notes:return": Route(DataClass.NOTHING),
    "notes:tag_new": Route(DataClass.NOTHING),
    "notes:tag_removal": Route(DataClass.NOTHING),
    "api:api-root": Route(DataClass.NOTHING),
    "api:openapi-json": Route(DataClass.NOTHING),
    "api:openapi-view": Route(DataClass.NOTHING),
    "api:payments": Route(DataClass.PAYMENT, ("amount", "status", "order", "card")),
    "api:payment": Route(DataClass.PAYMENT, ("amount", "status", "order", "card")),
    "api:payment_confirm": Route(DataClass.PAYMENT, ("amount", "status", "order", "card")),
    "api:payment_capture": Route(DataClass.PAYMENT, ("amount", "status", "order", "card")),
    "api:payment_void": Route(DataClass.PAYMENT, ("amount", "status", "order", "card")),
    "api:refunds": Route(DataClass.PAYMENT, ("amount", "status")),
    "api:refund": Route(DataClass.PAYMENT, ("amount", "status")),
    "api:customers": Route(DataClass.PERSON, ("customer_masked",)),
    "api:customer": Route(DataClass.PERSON, ("customer_masked",)),
    "api:cards": Route(DataClass.PAYMENT, ("card",)),
    "api:card": Route(DataClass.PAYMENT, ("card",)),
    "set_language": Route(DataClass.NOTHING),
    "gateways:webhook": Route(DataClass.NOTHING),
}
