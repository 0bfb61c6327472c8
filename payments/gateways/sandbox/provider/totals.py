from .calls import Question, View

KINDS = {
    "authorized": (
        "SELECT currency, count(*), sum(approved_amount) FROM authorizations "
        "WHERE approved_amount > 0 GROUP BY currency"
    ),
    "captured": "SELECT currency, count(*), sum(amount) FROM captures GROUP BY currency",
    "refunded": (
        "SELECT currency, count(*), sum(amount) FROM refunds "
        "WHERE status = 'succeeded' GROUP BY currency"
    ),
    "refund_failed": (
        "SELECT currency, count(*), sum(amount) FROM refunds "
        "WHERE status = 'failed' GROUP BY currency"
    ),
    "capture_voided": (
        "SELECT currency, count(*), sum(amount) FROM voids "
        "WHERE capture IS NOT NULL GROUP BY currency"
    ),
    "voided": (
        "SELECT currency, count(*), sum(amount) FROM voids WHERE capture IS NULL GROUP BY currency"
    ),
    "expired": (
        "SELECT currency, count(*), sum(expired_amount) FROM authorizations "
        "WHERE expired_amount > 0 GROUP BY currency"
    ),
    "declined": (
        "SELECT currency, count(*), sum(amount) FROM authorizations "
        "WHERE status = 'declined' GROUP BY currency"
    ),
}


def get_totals(question: Question) -> View:
    """Count and amount by currency and kind; a kind that never happened is zero."""
    totals: dict[str, dict[str, dict[str, int]]] = {}
    for kind, query in KINDS.items():
        for currency, count, amount in question.db.execute(query):
            by_kind = totals.setdefault(
                currency, {name: {"count": 0, "amount": 0} for name in KINDS}
            )
            by_kind[kind] = {"count": count, "amount": amount}
    return {"object": "totals", "totals": dict(sorted(totals.items()))}
