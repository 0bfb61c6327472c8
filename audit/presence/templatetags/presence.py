"""Who else is on a page. `{% load presence %}`"""

from __future__ import annotations

import uuid
from typing import Any

from babel.dates import format_time
from django import template
from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import get_language, to_locale

from audit.actor import current_actor
from audit.presence.queries import HERE, Beat, list_others

register = template.Library()


@register.inclusion_tag("presence/presence.html")
def presence(kind: str, subject_id: uuid.UUID, doing: str = HERE) -> dict[str, Any]:
    """`{% presence "payment" payment.pk "refund" %}`: says who else is here, and says it of us.

    Who else is there stands in the page as it loads, for whoever has no script; with it the page
    says every few seconds that it is open, and hears the others. One SELECT.
    The page needs `js/presence.js` and `css/notes.css`.
    """
    return {
        "kind": kind,
        "subject_id": subject_id,
        "doing": doing,
        "every_s": settings.PRESENCE_POLL_S,
        "others": list_others(kind, subject_id, current_actor().user_id),
    }


@register.filter
def presence_words(beat: Beat) -> str:
    """`Amandine Vasseur is on this page since 14:03`."""
    locale = to_locale(get_language() or "en")
    since = format_time(localtime(beat.since), "HH:mm", locale=locale)
    return str(beat.words % {"name": beat.name, "since": since})
