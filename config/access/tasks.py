"""What the outbox asks of this app."""

from __future__ import annotations

import smtplib
import uuid

from audit.outbox.handlers import TryAgain, handler
from config.access.commands import mark_mail_sent
from config.access.models import OutgoingMail
from config.access.steps import TASK, open_mail


@handler(TASK)
def send_mail(*, mail_id: str) -> None:
    """Send one mail; one that is out already is left alone."""
    mail = OutgoingMail.objects.get(pk=mail_id)
    if mail.sent_at is not None:
        return
    try:
        open_mail(mail).send()
    except (smtplib.SMTPException, OSError) as error:
        raise TryAgain(f"mail: {type(error).__name__}") from error
    mark_mail_sent(mail_id=uuid.UUID(mail_id))
