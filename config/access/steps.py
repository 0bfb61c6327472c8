"""Writes used inside somebody's Work."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Group
from django.core.mail import EmailMessage, EmailMultiAlternatives

from audit.encryption import seal_secret, unseal_secret
from audit.work import Work
from config.access.models import OutgoingMail, RoleSetting

TASK = "access.send_mail"


def queue_mail(work: Work, kind: str, message: EmailMessage) -> OutgoingMail:
    """Put a rendered mail in the outbox, sealed; it leaves once the work is committed."""
    mail = OutgoingMail(kind=kind[:80], made_at=work.now)
    mail.sealed = seal_secret(json.dumps(_as_data(message)), place=place_of_mail(mail))
    work.add(mail, event="access.mail.queued")
    work.later(TASK, mail_id=str(mail.pk))
    return mail


def set_needs_factor(work: Work, role: Group, needs_factor: bool) -> None:
    """Say whether a role asks for a second factor. Nothing is written when it is said already."""
    found = work.load(RoleSetting.objects.filter(role=role))
    if not found:
        setting = RoleSetting(role=role, needs_factor=needs_factor)
        work.add(setting, event="access.rolesetting.created")
    elif found[0].needs_factor != needs_factor:
        work.change(found[0], event="access.rolesetting.changed", needs_factor=needs_factor)


def open_mail(mail: OutgoingMail) -> EmailMessage:
    """The mail as it was rendered."""
    data = json.loads(unseal_secret(mail.sealed, place=place_of_mail(mail)))
    message = EmailMultiAlternatives(
        data["subject"], data["body"], data["from"], data["to"], headers=data["headers"]
    )
    message.content_subtype = data["subtype"]
    for content, mimetype in data["alternatives"]:
        message.attach_alternative(content, mimetype)
    return message


def _as_data(message: EmailMessage) -> dict[str, Any]:
    return {
        "subject": str(message.subject),
        "body": str(message.body),
        "from": message.from_email,
        "to": list(message.to),
        "headers": message.extra_headers,
        "subtype": message.content_subtype,
        "alternatives": [
            [str(content), mimetype] for content, mimetype in getattr(message, "alternatives", [])
        ],
    }


def place_of_mail(mail: OutgoingMail) -> str:
    """What a mail is sealed to."""
    return f"access.outgoingmail:{mail.pk}"
