"""How the record reads: a sentence for each event, a name for each role, a page for each object.

One table for all apps. A command without a sentence here fails a test; an event that nobody has
put into words is shown as its code.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.reading import ObjectPage, Reading, role_label
from config.access.reading import LOOKS as LOOKS_AT_THE_ADMINISTRATION
from config.access.roles import TABLE
from config.access.snapshot import SUPERUSER
from config.access.words import say_code
from config.fields import FIELDS

AREAS: dict[str, Any] = {
    "payments": _("Payments and refunds"),
    "approvals": _("Approvals"),
    "notes": _("Notes and tags"),
    "parties": _("Merchants and customers"),
    "gateways": _("Providers, their accounts and events"),
    "webhooks": _("Webhooks"),
    "ledger": _("Ledger"),
    "access": _("People, sign-in, and looks at data"),
    "auth": _("Roles"),
    "mfa": _("Second factors"),
    "account": _("Addresses of people"),
    "usersessions": _("Sessions"),
    "outbox": _("Background work"),
    "jobs": _("Long work"),
    "lists": _("Saved views"),
    "idempotency": _("Keys of repeated calls"),
    "api": _("The API and its keys"),
    "audit": _("The record itself"),
}

PAYMENTS: dict[str, Any] = {
    "payments.payment.created": _("Took a payment"),
    "payments.intent.created": _("Prepared a payment that waits to be confirmed"),
    "payments.intent.confirmed": _("Confirmed a payment"),
    "payments.intent.canceled": _("Gave up a payment that was not confirmed"),
    "payments.intent.lapsed": _("Nobody confirmed the payment in time"),
    "payments.attempt.requested": _("Asked the provider for an authorization"),
    "payments.attempt.rerouted": _("Went to the next provider: this one was not reached"),
    "payments.attempt.recorded": _("Recorded the provider's answer to an authorization"),
    "payments.attempt.authorized": _("Authorization granted"),
    "payments.attempt.declined": _("Authorization declined"),
    "payments.attempt.failed": _("Authorization failed"),
    "payments.attempt.action_required": _("Authorization waits for the customer"),
    "payments.attempt.lost": _("Authorization: outcome unknown"),
    "payments.attempt.raised": _("More is held by an authorization"),
    "payments.attempt.conflicted": _("Authorization: the provider's answer does not fit"),
    "payments.attempt.closing": _("Asked for a last capture"),
    "payments.attempt.closed": _("Let go of the rest after the last capture"),
    "payments.attempt.reopened": _("The last capture failed: the rest is still held"),
    "payments.attempt.expired": _("Authorization expired"),
    "payments.increment.requested": _("Asked the bank to hold more"),
    "payments.increment.succeeded": _("The bank holds more"),
    "payments.increment.failed": _("The bank does not hold more"),
    "payments.increment.lost": _("Holding more: outcome unknown"),
    "payments.increment.conflicted": _("Holding more: the provider's answer does not fit"),
    "payments.inquiry.requested": _("Had the provider asked what became of it"),
    "payments.void.requested": _("Asked to void an authorization"),
    "payments.void.succeeded": _("Authorization voided"),
    "payments.void.failed": _("Voiding failed"),
    "payments.void.lost": _("Voiding: outcome unknown"),
    "payments.capture.requested": _("Asked to capture a payment"),
    "payments.capture.succeeded": _("Payment captured"),
    "payments.capture.failed": _("Capture failed"),
    "payments.capture.lost": _("Capture: outcome unknown"),
    "payments.capture.conflicted": _("Capture: the provider's answer does not fit"),
    "payments.capture.void_requested": _("Asked to take a capture back"),
    "payments.capture.voided": _("Capture taken back before it was settled"),
    "payments.capture.void_failed": _("The capture could not be taken back"),
    "payments.capture.void_lost": _("Taking a capture back: outcome unknown"),
    "payments.refund.requested": _("Asked for a refund"),
    "payments.refund.approved": _("Approved a refund"),
    "payments.refund.rejected": _("Rejected a refund"),
    "payments.refund.withdrawn": _("Withdrew a refund"),
    "payments.refund.lapsed": _("Refund lapsed: nobody decided in time"),
    "payments.refund.succeeded": _("Refund sent"),
    "payments.refund.failed": _("Refund failed"),
    "payments.refund.lost": _("Refund: outcome unknown"),
    "payments.refund.conflicted": _("Refund: the provider's answer does not fit"),
    "payments.refund.returned": _("Refund came back"),
    "payments.attempt.adopted": _("Authorization taken for the payment after it had failed"),
    "payments.capture.adopted": _("Payment captured: what was taken late was kept for it"),
    "payments.late.found": _("Money turned up at the provider after the attempt had failed"),
    "payments.late.release_requested": _("Asked the provider to let go of what turned up late"),
    "payments.late.released": _("The provider let go of what it held after the failure"),
    "payments.late.release_refused": _("The provider does not let go of what turned up late"),
    "payments.late.release_lost": _("Letting go of what turned up late: outcome unknown"),
    "payments.late.taken": _("The provider has taken money after the attempt had failed"),
    "payments.late.return_requested": _("Had what was taken after the failure given back"),
    "payments.late.return_refused": _("What was taken after the failure could not be given back"),
    "payments.late.return_lost": _("Giving back what was taken late: outcome unknown"),
    "payments.late.returned": _("Gave back what was taken after the failure"),
    "payments.late.adopted": _("Kept what was taken after the failure for the payment"),
    "payments.late.booked_off": _("Booked off what could not be given back: unclaimed money"),
    "payments.late.reclaimed": _("Put what was booked off back on suspense: the provider moved it"),
    "payments.late.due": _("Tried again: what was taken late goes back at once"),
    "payments.late.decided": _("Decided what becomes of money that turned up late"),
    "payments.late.lost": _("Heard nothing of what turned up late"),
    "payments.days.completed": _("Added up the payments of days that are over"),
    "payments.days.corrected": _("Added up anew the days of payments that changed"),
    "payments.bulk.requested": _("Asked to do the same to several payments"),
    "payments.export.requested": _("Asked for an export of payments"),
    "payments.correction.requested": _("Asked for a correction"),
    "payments.correction.made": _("Corrected a state to match the provider"),
    "payments.correction.approved": _("Approved a correction"),
    "payments.correction.rejected": _("Rejected a correction"),
    "payments.correction.withdrawn": _("Withdrew a correction"),
    "payments.correction.lapsed": _("Correction lapsed: nobody decided in time"),
    "payments.payment.corrected": _("Payment follows a correction"),
    "payments.attempt.corrected": _("Authorization corrected to match the provider"),
    "payments.increment.corrected": _("Increase corrected to match the provider"),
    "payments.capture.corrected": _("Capture corrected to match the provider"),
    "payments.refund.corrected": _("Refund corrected to match the provider"),
    "payments.networkterms.created": _("Added a card network"),
    "payments.networkterms.changed": _("Changed what a card network allows"),
    "payments.networkterms.removed": _("Removed a card network"),
    "payments.refundreason.created": _("Added a refund reason"),
    "payments.refundreason.changed": _("Changed a refund reason"),
    "payments.refundreason.removed": _("Removed a refund reason"),
}

APPROVALS: dict[str, Any] = {
    "approvals.approval.requested": _("Asked for a second person's decision"),
    "approvals.approval.approved": _("Approved a request"),
    "approvals.approval.rejected": _("Rejected a request"),
    "approvals.approval.withdrawn": _("Withdrew a request"),
    "approvals.approval.expired": _("Request expired"),
    "approvals.outcome.noticed": _("Put the notice of a decision away"),
    "approvals.approvallimit.created": _("Set a limit"),
    "approvals.approvallimit.changed": _("Changed a limit"),
    "approvals.approvallimit.removed": _("Removed a limit"),
}

NOTES: dict[str, Any] = {
    "notes.note.added": _("Wrote a note"),
    "notes.note.corrected": _("Corrected a note"),
    "notes.note.hidden": _("Hid a note"),
    "notes.note.shown": _("Brought a note back"),
    "notes.tag.put": _("Put a tag on"),
    "notes.tag.taken": _("Took a tag off"),
    "notes.tag.created": _("Added a tag to the list"),
    "notes.tag.changed": _("Changed a tag of the list"),
    "notes.tag.removed": _("Removed a tag from the list"),
}

PARTIES: dict[str, Any] = {
    "parties.merchant.created": _("Added a merchant"),
    "parties.merchant.changed": _("Changed a merchant"),
    "parties.currency.opened": _("Opened a currency for a merchant"),
    "parties.currency.changed": _("Changed what a merchant pays in a currency"),
    "parties.customer.created": _("Added a customer"),
    "parties.customer.changed": _("Changed a customer"),
    "parties.customer.reason": _("Said why a customer's details were corrected"),
    "parties.customer.separated": _("Made a duplicate a customer of its own again"),
    "parties.customer.merged": _("Made a customer the duplicate of another"),
    "parties.merge.requested": _("Asked for two customers to be merged"),
    "parties.merge.approved": _("Approved a merge of customers"),
    "parties.merge.rejected": _("Rejected a merge of customers"),
    "parties.merge.withdrawn": _("Withdrew a merge of customers"),
    "parties.merge.lapsed": _("Merge lapsed: nobody decided in time"),
    "parties.merge.taken_back": _("A merge of customers was taken back"),
    "parties.split.requested": _("Asked for a merge to be taken back"),
    "parties.split.approved": _("Approved taking a merge back"),
    "parties.split.rejected": _("Rejected taking a merge back"),
    "parties.split.withdrawn": _("Withdrew a request to take a merge back"),
    "parties.split.lapsed": _("Taking a merge back lapsed: nobody decided in time"),
    "parties.card.added": _("Added a card reference"),
    "gateways.call.recorded": _("Called a provider"),
    "gateways.event.processed": _("Processed a provider's event"),
    "gateways.event.ignored": _("A provider's event needed nothing"),
    "gateways.event.quarantined": _("Put a provider's event aside"),
    "gateways.event.closed": _("Dealt with a provider's event that was put aside"),
    "gateways.event.replayed": _("Had a provider's event processed anew"),
    "gateways.events.replayed": _("Had provider events of a kind processed anew"),
    "gateways.mapping.set": _("Said what a provider's word means"),
    "gateways.webhook.refused": _("Refused a forged provider event"),
    "gateways.event.received": _("Received a provider's event"),
    "gateways.event.settled": _("Dealt with a provider's event"),
    "gateways.account.created": _("Added an account at a provider"),
    "gateways.account.installed": _("Added the house's account at the sandbox"),
    "gateways.account.key_replaced": _("Gave an account at a provider a new key"),
    "gateways.account.secret_replaced": _("Gave an account at a provider a new webhook secret"),
    "gateways.account.trial_requested": _("Had the credentials of an account tried"),
    "gateways.account.tried": _("Tried the credentials of an account"),
    "gateways.account.enabled": _("Enabled an account at a provider"),
    "gateways.account.disabled": _("Disabled an account at a provider"),
    "gateways.breaker.opened": _("Left a provider that does not answer in peace"),
    "gateways.breaker.closed": _("Came back to a provider that answers again"),
    "gateways.route.set": _("Said where payments go"),
    "gateways.route.ended": _("Ended a routing rule"),
    "ledger.balances.rolled_up": _("Rolled up balances"),
}

ACCESS: dict[str, Any] = {
    "access.signed_in": _("Signed in"),
    "access.signed_out": _("Signed out"),
    "access.sign_in_failed": _("Sign-in refused"),
    "access.reauthenticated": _("Gave the password again"),
    "access.password_changed": _("Changed the password"),
    "access.password_set": _("Set a password"),
    "access.password_reset": _("Reset the password by mail"),
    "access.email_changed": _("Changed the address"),
    "access.email_added": _("Added an address"),
    "access.email_removed": _("Removed an address"),
    "access.factor_added": _("Added a second factor"),
    "access.factor_removed": _("Removed a second factor"),
    "access.factor_reset": _("Made new recovery codes"),
    "access.factor_used": _("Used a second factor"),
    "access.factor_failed": _("Second factor refused"),
    "access.language.chosen": _("Chose a language"),
    "access.work_kept": _("Kept what was typed until its person is known again"),
    "access.work_given_back": _("Gave back what was typed"),
    "access.session_revoked": _("Ended a session"),
    "access.mail.queued": _("Put a mail on its way"),
    "access.mail.sent": _("Mail sent"),
    "access.user.created": _("Added a person"),
    "access.user.changed": _("Changed a person"),
    "access.user.deactivated": _("Shut an account"),
    "access.user.activated": _("Opened an account again"),
    "access.account_reason": _("Said why an account was shut or opened"),
    "access.factor_taken_away": _("Took a second factor away"),
    "access.reset_mail_sent": _("Sent a mail to set a new password"),
    "access.grant_refused": _("Was refused to give a role"),
    "access.user.removed": _("Removed a person"),
    "access.mode.chosen": _("Went over to live data, or to test data"),
    "access.walk.began": _("Began to see the desk as a role"),
    "access.walk.ended": _("Ended seeing the desk as a role"),
    "access.rolesetting.created": _("Set what a role asks for"),
    "access.rolesetting.changed": _("Changed what a role asks for"),
    "access.rolesetting.removed": _("Removed what a role asks for"),
    "auth.group.created": _("Added a role"),
    "auth.group.changed": _("Changed a role"),
    "auth.group.removed": _("Removed a role"),
    "mfa.authenticator.created": _("Stored a second factor"),
    "mfa.authenticator.changed": _("Changed a second factor"),
    "mfa.authenticator.removed": _("Deleted a second factor"),
    "account.emailaddress.created": _("Stored an address for mail"),
    "account.emailaddress.changed": _("Changed an address for mail"),
    "account.emailaddress.removed": _("Deleted an address for mail"),
    "usersessions.usersession.created": _("Session began"),
    "usersessions.usersession.changed": _("Session went on"),
    "usersessions.usersession.removed": _("Session ended"),
}

LOOKS: dict[str, Any] = {
    "access.payments.bulk_refunds": _("Looked at what a refund of several payments would do"),
    "access.payments.bulk_captures": _("Looked at what a capture of several payments would do"),
    "access.payments.bulk_voids": _("Looked at what a void of several payments would do"),
    "access.payments.bulk_tags": _("Looked at which payments would get a tag"),
    "access.payments.export_began": _("Began to export payments"),
    "access.payments.exported": _("Exported payments"),
    "access.payments.export_read": _("Read payments into an export"),
    "access.jobs.detail": _("Looked at long work"),
    "access.jobs.file": _("Downloaded an export"),
    "access.desk.home": _("Opened the home page"),
    "access.desk.find": _("Searched, and went to the only hit"),
    "access.desk.found": _("Searched"),
    "access.parties.customer": _("Looked at a customer"),
    "access.parties.reveal": _("Saw a detail of a customer in clear"),
    "access.parties.merge_new": _("Looked at two customers to be merged"),
    "access.parties.details_new": _("Opened the form that corrects a customer's details"),
    "access.parties.split_new": _("Looked at a merge that may be taken back"),
    "access.parties.panel": _("Looked at a part of a customer's page"),
    "access.parties.looks": _("Looked up who has seen a customer"),
    "access.desk.search": _("Searched"),
    "access.access.matrix": _("Looked at who may do what"),
    "access.access.person": _("Looked at what a person may do"),
    "access.desk.role_preview": _("Looked at the desk as a role sees it"),
    "access.payments.list": _("Looked at the list of payments"),
    "access.payments.detail": _("Looked at a payment"),
    "access.payments.refund_new": _("Opened the refund form"),
    "access.payments.refund_preview": _("Tried out what a refund would do"),
    "access.payments.correction_new": _("Opened the correction form"),
    "access.payments.capture_new": _("Opened the capture form"),
    "access.payments.capture_void_new": _("Opened the form to take a capture back"),
    "access.payments.increment_new": _("Opened the form to hold more"),
    "access.payments.expiring": _("Looked at the authorizations that expire"),
    "access.payments.unsettled": _("Looked at what the providers have not told"),
    "access.gateways.events": _("Looked at the provider events"),
    "access.gateways.event": _("Looked at a provider event"),
    "access.desk.trail": _("Followed the trail of a request"),
    "access.payments.void_new": _("Opened the void form"),
    "access.approvals.inbox": _("Looked at the approvals"),
    "access.approvals.detail": _("Looked at a request for approval"),
    "access.approvals.decision": _("Looked at a request that was not decided so"),
    "access.approvals.withdrawal": _("Looked at a request that was not withdrawn"),
    "access.approvals.notice": _("Was told of a decision"),
    "access.approvals.subject": _("Followed a request to its subject"),
    "access.notes.board": _("Read the notes about an object"),
    "access.notes.note_new": _("Looked at notes while writing one"),
    "access.notes.file": _("Downloaded the file of a note"),
    "access.notes.correction": _("Opened a note to correct it"),
    "access.log.explorer": _("Searched the log"),
    "access.log.entry": _("Read a log entry"),
    "access.log.people": _("Looked up people for the log"),
    "access.connectors.list": _("Looked at the accounts at providers"),
    "access.connectors.key": _("Opened the form for a new key of an account"),
    "access.connectors.secret": _("Opened the form for a new webhook secret of an account"),
    "access.connectors.routing": _("Looked at which account payments go to"),
}

LISTS: dict[str, Any] = {
    "lists.view.saved": _("Saved a view"),
    "lists.view.renamed": _("Renamed a view"),
    "lists.view.changed": _("Changed a view"),
    "lists.view.removed": _("Removed a view"),
    "lists.view.restored": _("Brought a view back"),
    "lists.views.tidied": _("Deleted views removed long ago"),
    "lists.columns.chosen": _("Chose the columns of a list"),
}

API: dict[str, Any] = {
    "api.key.created": _("Made an API key"),
    "api.key.rotated": _("Rotated an API key"),
    "api.key.revoked": _("Revoked an API key"),
    "api.key.used": _("Noted the use of an API key"),
    "api.key.refused": _("API key refused"),
    "idempotency.answer.kept": _("Kept the answer to a keyed call"),
    "idempotency.records.tidied": _("Forgot old keys of repeated calls"),
    "access.keys.list": _("Looked at the API keys"),
    "access.keys.new": _("Opened the form for an API key"),
    "access.keys.rotation": _("Opened the form that rotates an API key"),
    "access.keys.revocation": _("Opened the form that revokes an API key"),
    "access.api.payments": _("Looked at the list of payments by API"),
    "access.api.payment": _("Looked at a payment by API"),
    "access.api.refunds": _("Looked at the list of refunds by API"),
    "access.api.refund": _("Looked at a refund by API"),
    "access.api.customers": _("Looked at the list of customers by API"),
    "access.api.customer": _("Looked at a customer by API"),
    "access.api.card": _("Looked at a card by API"),
    "access.api.payment_confirm": _("Confirmed a payment by API"),
    "access.api.payment_capture": _("Captured a payment by API"),
    "access.api.payment_void": _("Voided a payment by API"),
    "access.api.payment_increment": _("Had more held for a payment by API"),
    "access.api.payment_capture_void": _("Took a capture back by API"),
    "access.api.cards": _("Added a card by API"),
    "access.api.webhook_endpoint_rotate": _("Exchanged the secret of a webhook endpoint by API"),
    "access.api.events": _("Looked at the list of events by API"),
    "access.api.event": _("Looked at an event by API"),
    "access.api.webhook_endpoints": _("Looked at the webhook endpoints by API"),
    "access.api.webhook_endpoint": _("Looked at a webhook endpoint by API"),
}

WEBHOOKS: dict[str, Any] = {
    "webhooks.endpoint.created": _("Made a webhook endpoint"),
    "webhooks.endpoint.changed": _("Changed a webhook endpoint"),
    "webhooks.endpoint.rotated": _("Exchanged the secret of a webhook endpoint"),
    "webhooks.endpoint.disabled": _("Disabled a webhook endpoint"),
    "webhooks.endpoint.enabled": _("Enabled a webhook endpoint"),
    "webhooks.endpoint.given_up": _("Gave a webhook endpoint up"),
    "webhooks.endpoint.tested": _("Tried a webhook endpoint out"),
    "webhooks.events.announced": _("Sent events on their way"),
    "webhooks.deliveries.leased": _("Took deliveries to be sent"),
    "webhooks.delivery.recorded": _("Recorded a try to deliver an event"),
    "webhooks.delivery.redelivered": _("Had an event delivered again"),
    "webhooks.deliveries.redelivered": _("Had events delivered again that had failed"),
    "webhooks.deliveries.tidied": _("Removed old deliveries"),
    "access.webhooks.endpoints": _("Looked at the webhook endpoints"),
    "access.webhooks.endpoint": _("Looked at a webhook endpoint"),
    "access.webhooks.endpoint_new": _("Opened the form for a webhook endpoint"),
    "access.webhooks.change": _("Opened the form that changes a webhook endpoint"),
    "access.webhooks.rotation": _("Opened the form that exchanges a webhook secret"),
    "access.webhooks.deliveries": _("Looked at the deliveries of events"),
    "access.webhooks.delivery": _("Looked at the delivery of an event"),
    "access.webhooks.events": _("Looked at the events of merchants"),
    "access.webhooks.event": _("Looked at an event of a merchant"),
}

BACKGROUND: dict[str, Any] = {
    "audit.log.sealed": _("Sealed the log"),
    "audit.keys.rotated": _("Put what was sealed under the keyring's new key"),
    "audit.keys.endorsed": _("Vouched for keys that sealed the log before"),
    "outbox.messages.leased": _("Took work from the outbox"),
    "outbox.messages.settled": _("Finished work of the outbox"),
    "outbox.message.postponed": _("Put work of the outbox off"),
    "outbox.messages.tidied": _("Tidied the outbox"),
    "outbox.message.died": _("Gave work of the outbox up"),
    "outbox.message.revived": _("Had dead work run again"),
    "jobs.job.asked": _("Asked for long work"),
    "jobs.job.started": _("Long work began"),
    "jobs.job.advanced": _("Long work went on"),
    "jobs.job.finished": _("Long work is done"),
    "jobs.job.failed": _("Long work failed"),
    "jobs.job.cancelled": _("Long work was stopped"),
    "jobs.job.stopping": _("Asked to stop long work"),
    "jobs.job.stopped": _("Stopped long work"),
    "jobs.job.resumed": _("Long work began again"),
    "jobs.file.expired": _("A file's time was over"),
    "jobs.files.expired": _("Let go of files whose time was over"),
}


def _by(label: str) -> Callable[[str], models.Model | None]:
    """Finds by the model's unique column `reference`."""

    def find(reference: str) -> models.Model | None:
        rows = apps.get_model(label)._default_manager.filter(reference=reference)
        found: models.Model | None = rows.order_by("pk").first()
        return found

    return find


def _person(reference: str) -> models.Model | None:
    """A person's reference is the beginning of his id, so it is found as a range of ids."""
    from config.access.models import User

    start = reference.partition("-")[2]
    try:
        first, last = uuid.UUID(start + "0" * 24), uuid.UUID(start + "f" * 24)
    except ValueError:
        return None
    return User.objects.filter(pk__gte=first, pk__lte=last).order_by("pk").first()


def _role(text: str) -> str:
    """A role by its code; one SELECT for one that is named by its key."""
    if not text.isdecimal():
        return role_label(text)
    name = Group.objects.filter(pk=int(text)).values_list("name", flat=True).first()
    return role_label(name) if name else text


def _person_of(key: str) -> str:
    """The reference of a person by his key."""
    return f"U-{key[:8].upper()}"


READING = Reading(
    events={
        **PAYMENTS,
        **APPROVALS,
        **NOTES,
        **PARTIES,
        **ACCESS,
        **LOOKS,
        **LOOKS_AT_THE_ADMINISTRATION,
        **LISTS,
        **API,
        **WEBHOOKS,
        **BACKGROUND,
    },
    areas=AREAS,
    fields=FIELDS,
    names={"auth.group": _role, "auth.permission": say_code, "access.user": _person_of},
    roles={SUPERUSER: _("superuser"), **{role.code: role.label for role in TABLE}},
    pages={
        "payments.payment": ObjectPage("payments:detail", "payments.view_payment"),
        "parties.customer": ObjectPage("parties:customer", "parties.view_customer"),
        "parties.merchant": ObjectPage("admin:parties_merchant_change", "parties.view_merchant"),
        "approvals.approval": ObjectPage("approvals:detail", "approvals.view_approval"),
        "access.user": ObjectPage("admin:access_user_change", "access.view_user"),
        "auth.group": ObjectPage("admin:auth_group_change", "auth.view_group"),
        "jobs.job": ObjectPage("jobs:detail", "jobs.view_job"),
        "gateways.inboundevent": ObjectPage("gateways:event", "gateways.view_inboundevent"),
        "webhooks.endpoint": ObjectPage("webhooks:endpoint", "webhooks.view_endpoint"),
        "webhooks.delivery": ObjectPage("webhooks:delivery", "webhooks.view_delivery"),
        "audit.logentry": ObjectPage("log:entry", "audit.view_logentry"),
    },
    references={
        "P": _by("payments.Payment"),
        "R": _by("payments.Refund"),
        "X": _by("payments.Correction"),
        "M": _by("parties.Merchant"),
        "C": _by("parties.Customer"),
        "K": _by("api.ApiKey"),
        "W": _by("webhooks.Endpoint"),
        "U": _person,
    },
)
