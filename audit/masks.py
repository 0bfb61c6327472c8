"""What the log shows of a value that it must not show."""

from __future__ import annotations

from audit.encryption import keyed_digest

CONSTANT = "•••"


def mask(value: str) -> str:
    """django-auditlog's mask: a keyed digest tells that it changed and proves what it was.

    django-auditlog's own shows half of the value, which for a card number is a breach.
    """
    if value in ("", "None"):
        return value
    return f"masked:{keyed_digest(value)}"


def conceal(value: str) -> str:
    """For secrets: not even a digest, only that there is one."""
    return value if value in ("", "None") else CONSTANT
