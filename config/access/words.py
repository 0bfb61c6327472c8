"""Permissions in plain words, for whoever decides about them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, Any] = {
    "access.assign_role": _("Give and take roles"),
    "access.view_user": _("See the people of the house"),
    "access.add_user": _("Add people"),
    "access.change_user": _("Change people's accounts"),
    "approvals.decide_correction": _("Decide on another person's correction"),
    "approvals.decide_merge": _("Decide on another person's merge of customers"),
    "approvals.decide_split": _("Decide on taking another person's merge back"),
    "approvals.decide_refund": _("Decide on another person's refund"),
    "approvals.view_approval": _("See requests for approval"),
    "audit.view_logentry": _("Read the log"),
    "auth.view_group": _("See roles"),
    "auth.add_group": _("Make roles"),
    "auth.change_group": _("Change what a role may do"),
    "gateways.manage_connector": _("Set up accounts at providers and routing"),
    "gateways.map_event": _("Say what provider events mean, and process them anew"),
    "jobs.stop_job": _("Stop another person's long work"),
    "notes.hide_note": _("Hide a note"),
    "outbox.retry_message": _("Run background work again"),
    "parties.change_customer": _("Correct a customer's details"),
    "parties.merge_customer": _("Ask for two customers to be merged"),
    "parties.view_merchant": _("See merchants and their terms"),
    "parties.add_merchant": _("Take merchants in"),
    "parties.change_merchant": _("Change merchants and their terms"),
    "parties.reveal_customer": _("Reveal a customer's details"),
    "parties.view_customer": _("See customers, masked"),
    "payments.book_off_late": _("Book off money that cannot be given back"),
    "payments.capture_payment": _("Capture a payment"),
    "payments.correct_payment": _("Correct a payment"),
    "payments.export_payments": _("Export lists of payments"),
    "payments.increment_payment": _("Raise an authorization"),
    "payments.inquire_payment": _("Ask the provider about a payment"),
    "payments.refund_payment": _("Refund a payment"),
    "payments.view_daytotals": _("See the figures of the days"),
    "payments.view_payment": _("See payments"),
    "payments.void_payment": _("Void an authorization"),
    "webhooks.redeliver_delivery": _("Have events delivered again"),
}
VERBS: dict[str, Any] = {
    "view": _("See: %(what)s"),
    "add": _("Add: %(what)s"),
    "change": _("Change: %(what)s"),
    "delete": _("Remove: %(what)s"),
}


def code_of(permission: Permission) -> str:
    """As the code names it: `app.codename`. The kinds of objects are looked up once."""
    kind = ContentType.objects.get_for_id(permission.content_type_id)
    return f"{kind.app_label}.{permission.codename}"


def say_code(code: str) -> str:
    """What a permission allows, by its code. One that nobody put into words is told by its model;
    what names no permission of ours stays as it is."""
    if (words := WORDS.get(code)) is not None:
        return str(words)
    app, _dot, codename = code.partition(".")
    verb, _line, model = codename.partition("_")
    try:
        what = apps.get_model(app, model)._meta.verbose_name_plural
    except (LookupError, ValueError):
        return code
    return str(VERBS[verb]) % {"what": what} if verb in VERBS else code


def say(permission: Permission) -> str:
    """What a permission allows, in the reader's language."""
    code = code_of(permission)
    words = say_code(code)
    return gettext(permission.name) if words == code else words
