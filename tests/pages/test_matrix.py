"""Which address answers what to whom: one table, every cell tried.

A row is an address and a method; its columns are the visitor, each role, and the superuser.
An address that is missing from the table fails, and so does one that is there no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from audit.actor import acting_as, operator
from audit.gate import find_gate
from audit.models import LogEntry
from config.access.models import User
from config.access.roles import TABLE as ROLES
from config.routes import ROUTES
from payments.models import NetworkTerms
from tests.pages.addresses import list_addresses
from tests.pages.conftest import PERSONAL, SUPERUSER, VISITOR, Enter, House
from tests.payments.pages import MOST_QUERIES

COLUMNS = (VISITOR, *(role.code for role in ROLES), SUPERUSER)

# · 200   > redirect to another page   s redirect to the sign-in
# k 401: a key is wanted
# x 403   4 not there (404)   5 not by this method (405)   f 400: what was sent (nothing) is refused
# c 409: not as things stand   g gone (410): a ticket that opens no more
TABLE = """
desk:home                                       GET   s · · · · · · · · · · · ·
desk:search                                     GET   s · · · · · · · · · · x ·
desk:find                                       GET   s > > > > > > > > > > x >
desk:find                                       POST  s f f f f f f f f f f x f
desk:found                                      GET   s g g g g g g g g g g x g
account_login                                   GET   · > > > > > > > > > > > >
account_login                                   POST  · > > > > > > > > > > > >
account_logout                                  GET   s · · · · · · · · · · · ·
account_logout                                  POST  s s s s s s s s s s s s s
account_inactive                                GET   · · · · · · · · · · · · ·
account_signup                                  GET   · > > > > > > > > > > > >
account_signup                                  POST  · > > > > > > > > > > > >
account_reauthenticate                          GET   s · · · · · · · · · · · ·
account_reauthenticate                          POST  s · · · · · · · · · · · ·
account_email                                   GET   s · · · · · · · · · · · ·
account_email                                   POST  s > > > > > > > > > > > >
account_email_verification_sent                 GET   · · · · · · · · · · · · ·
account_change_password                         GET   s · · · · · · · · · · · ·
account_change_password                         POST  s · · · · · · · · · · · ·
account_set_password                            GET   s > > > > > > > > > > > >
account_set_password                            POST  s > > > > > > > > > > > >
account_reset_password                          GET   · · · · · · · · · · · · ·
account_reset_password                          POST  · · · · · · · · · · · · ·
account_confirm_login_code                      GET   s > > > > > > > > > > > >
account_confirm_email                           GET   · · · · · · · · · · · · ·
account_reset_password_from_key_done            GET   · · · · · · · · · · · · ·
account_reset_password_from_key                 GET   · · · · · · · · · · · · ·
account_reset_password_from_key                 POST  · · · · · · · · · · · · ·
account_reset_password_done                     GET   · · · · · · · · · · · · ·
mfa_index                                       GET   s · · · · · · · · · · · ·
mfa_authenticate                                GET   s > > > > > > > > > > > >
mfa_authenticate                                POST  s > > > > > > > > > > > >
mfa_reauthenticate                              GET   s > > > > > > > > > > > >
mfa_reauthenticate                              POST  s > > > > > > > > > > > >
mfa_reauthenticate_webauthn                     GET   s > > > > > > > > > > > >
mfa_reauthenticate_webauthn                     POST  s > > > > > > > > > > > >
mfa_login_webauthn                              GET   s > > > > > > > > > > > >
mfa_login_webauthn                              POST  s > > > > > > > > > > > >
mfa_list_webauthn                               GET   s · · · · · · · · · · · ·
mfa_add_webauthn                                GET   s > > > > > > > > > > > >
mfa_add_webauthn                                POST  s > > > > > > > > > > > >
mfa_edit_webauthn                               GET   s > > > > > > > > > > > >
mfa_edit_webauthn                               POST  s > > > > > > > > > > > >
mfa_remove_webauthn                             GET   s > > > > > > > > > > > >
mfa_remove_webauthn                             POST  s > > > > > > > > > > > >
mfa_activate_totp                               GET   s > > > > > > > > > > > >
mfa_activate_totp                               POST  s > > > > > > > > > > > >
mfa_deactivate_totp                             GET   s 4 4 4 4 4 4 4 4 4 4 4 4
mfa_view_recovery_codes                         GET   s 4 4 4 4 4 4 4 4 4 4 4 4
mfa_generate_recovery_codes                     GET   s > > > > > > > > > > > >
mfa_generate_recovery_codes                     POST  s > > > > > > > > > > > >
mfa_download_recovery_codes                     GET   s 4 4 4 4 4 4 4 4 4 4 4 4
desk:role_preview                               GET   s x x x x x x x x x · · ·
desk:mode                                       GET   s 5 5 5 5 5 5 5 5 x 5 x 5
desk:mode                                       POST  s f f f f f f f f x f x f
desk:walk_new                                   GET   s x x x x x x x x x 5 5 5
desk:walk_new                                   POST  s x x x x x x x x x > > >
desk:walk_end                                   GET   s 5 5 5 5 5 5 5 5 5 5 5 5
desk:walk_end                                   POST  s > > > > > > > > > > > >
access:matrix                                   GET   s x x x x x x x x x · · ·
access:person                                   GET   s x x x x x x x x x x · ·
access:stay                                     GET   s 5 5 5 5 5 5 5 5 5 5 5 5
access:stay                                     POST  s > > > > > > > > > > > >
access:second_factor                            GET   s · · · · · · · · · · · ·
access:end_session                              GET   s 5 5 5 5 5 5 5 5 5 5 5 5
access:end_session                              POST  s 4 4 4 4 4 4 4 4 4 4 4 4
usersessions_list                               GET   s · · · · · · · · · · · ·
usersessions_list                               POST  s > > > > > > > > > > > >
admin:index                                     GET   s s s s s · s s s s s · ·
admin:login                                     GET   s x x x x > x x x x x > >
admin:logout                                    GET   > > > > > 5 > > > > > 5 5
admin:logout                                    POST  s > > > > · > > > > > · ·
admin:password_change                           GET   s s s s s > s s s s s > >
admin:password_change_done                      GET   s s s s s · s s s s s · ·
admin:autocomplete                              GET   s s s s s x s s s s s x x
admin:jsi18n                                    GET   s s s s s · s s s s s · ·
admin:view_on_site                              GET   s s s s s 4 s s s s s 4 4
admin:access_user_reset_mail                    GET   s s s s s 5 s s s s s 5 5
admin:access_user_reset_mail                    POST  s s s s s x s s s s s > >
admin:access_user_remove_factor                 GET   s s s s s 5 s s s s s 5 5
admin:access_user_remove_factor                 POST  s s s s s x s s s s s > >
admin:access_user_end_sessions                  GET   s s s s s 5 s s s s s 5 5
admin:access_user_end_sessions                  POST  s s s s s x s s s s s > >
admin:access_user_deactivate                    GET   s s s s s 5 s s s s s 5 5
admin:access_user_deactivate                    POST  s s s s s x s s s s s > >
admin:access_user_activate                      GET   s s s s s 5 s s s s s 5 5
admin:access_user_activate                      POST  s s s s s x s s s s s > >
admin:access_user_changelist                    GET   s s s s s x s s s s s · ·
admin:access_user_add                           GET   s s s s s x s s s s s · ·
admin:access_user_add                           POST  s s s s s x s s s s s · ·
admin:access_user_history                       GET   s s s s s x s s s s s · ·
admin:access_user_delete                        GET   s s s s s x s s s s s x x
admin:access_user_delete                        POST  s s s s s x s s s s s x x
admin:access_user_change                        GET   s s s s s x s s s s s · ·
admin:access_user_change                        POST  s s s s s x s s s s s · ·
admin/access/user/<path:object_id>/             GET   s s s s s > s s s s s > >
admin:auth_group_changelist                     GET   s s s s s x s s s s s · ·
admin:auth_group_add                            GET   s s s s s x s s s s s · ·
admin:auth_group_add                            POST  s s s s s x s s s s s · ·
admin:auth_group_history                        GET   s s s s s x s s s s s · ·
admin:auth_group_delete                         GET   s s s s s x s s s s s x x
admin:auth_group_delete                         POST  s s s s s x s s s s s x x
admin:auth_group_change                         GET   s s s s s x s s s s s · ·
admin:auth_group_change                         POST  s s s s s x s s s s s · ·
admin/auth/group/<path:object_id>/              GET   s s s s s > s s s s s > >
admin:payments_refundreason_changelist          GET   s s s s s · s s s s s x ·
admin:payments_refundreason_add                 GET   s s s s s · s s s s s x ·
admin:payments_refundreason_add                 POST  s s s s s · s s s s s x ·
admin:payments_refundreason_history             GET   s s s s s · s s s s s x ·
admin:payments_refundreason_delete              GET   s s s s s x s s s s s x x
admin:payments_refundreason_delete              POST  s s s s s x s s s s s x x
admin:payments_refundreason_change              GET   s s s s s · s s s s s x ·
admin:payments_refundreason_change              POST  s s s s s · s s s s s x ·
admin/payments/refundreason/<path:object_id>/   GET   s s s s s > s s s s s > >
admin:payments_networkterms_changelist          GET   s s s s s · s s s s s x ·
admin:payments_networkterms_add                 GET   s s s s s · s s s s s x ·
admin:payments_networkterms_add                 POST  s s s s s · s s s s s x ·
admin:payments_networkterms_history             GET   s s s s s · s s s s s x ·
admin:payments_networkterms_delete              GET   s s s s s x s s s s s x x
admin:payments_networkterms_delete              POST  s s s s s x s s s s s x x
admin:payments_networkterms_change              GET   s s s s s · s s s s s x ·
admin:payments_networkterms_change              POST  s s s s s · s s s s s x ·
admin/payments/networkterms/<path:object_id>/   GET   s s s s s > s s s s s > >
admin:approvals_approvallimit_changelist        GET   s s s s s · s s s s s x ·
admin:approvals_approvallimit_add               GET   s s s s s · s s s s s x ·
admin:approvals_approvallimit_add               POST  s s s s s · s s s s s x ·
admin:approvals_approvallimit_history           GET   s s s s s · s s s s s x ·
admin:approvals_approvallimit_delete            GET   s s s s s x s s s s s x x
admin:approvals_approvallimit_delete            POST  s s s s s x s s s s s x x
admin:approvals_approvallimit_change            GET   s s s s s · s s s s s x ·
admin:approvals_approvallimit_change            POST  s s s s s · s s s s s x ·
admin/approvals/approvallimit/<path:object_id>/ GET   s s s s s > s s s s s > >
admin:parties_merchant_changelist               GET   s s s s s · s s s s s · ·
admin:parties_merchant_add                      GET   s s s s s · s s s s s x ·
admin:parties_merchant_add                      POST  s s s s s · s s s s s x ·
admin:parties_merchant_history                  GET   s s s s s · s s s s s · ·
admin:parties_merchant_delete                   GET   s s s s s x s s s s s x x
admin:parties_merchant_delete                   POST  s s s s s x s s s s s x x
admin:parties_merchant_change                   GET   s s s s s · s s s s s · ·
admin:parties_merchant_change                   POST  s s s s s · s s s s s x ·
admin/parties/merchant/<path:object_id>/        GET   s s s s s > s s s s s > >
admin:app_list                                  GET   s s s s s 4 s s s s s · ·
admin/(?P<url>.*)$                              GET   s s s s s 4 s s s s s 4 4
approvals:inbox                                 GET   s · · x x · x x x x · x ·
approvals:detail                                GET   s · · x x · x x x x · x ·
approvals:subject                               GET   s > > x x > x x x x > x >
approvals:decision                              GET   s > > x x > x x x x > x >
approvals:decision                              POST  s f f x x f x x x x f x f
approvals:notice                                GET   s > > x x > x x x x > x >
approvals:notice                                POST  s x x x x x x x x x x x x
approvals:withdrawal                            GET   s > > x x > x x x x > x >
approvals:withdrawal                            POST  s x x x x x x x x x x x x
admin:notes_tag_changelist                      GET   s s s s s · s s s s s x ·
admin:notes_tag_add                             GET   s s s s s · s s s s s x ·
admin:notes_tag_add                             POST  s s s s s · s s s s s x ·
admin:notes_tag_history                         GET   s s s s s · s s s s s x ·
admin:notes_tag_delete                          GET   s s s s s x s s s s s x x
admin:notes_tag_delete                          POST  s s s s s x s s s s s x x
admin:notes_tag_change                          GET   s s s s s · s s s s s x ·
admin:notes_tag_change                          POST  s s s s s · s s s s s x ·
admin/notes/tag/<path:object_id>/               GET   s s s s s > s s s s s > >
notes:board                                     GET   s · · · · · · · · x · x ·
notes:note_new                                  GET   s > > > > > > > > x x x >
notes:note_new                                  POST  s f f f f f f f f x x x f
notes:correction                                GET   s x x x x x x x x x x x x
notes:correction                                POST  s x x x x x x x x x x x x
notes:file                                      GET   s 4 4 4 4 4 4 4 4 x 4 x 4
notes:hiding                                    GET   s > > > > > > > > x x x >
notes:hiding                                    POST  s x > x x > x x x x x x >
notes:return                                    GET   s > > > > > > > > x x x >
notes:return                                    POST  s > > > > > > > > x x x >
notes:tag_new                                   GET   s > > > > > > > > x x x >
notes:tag_new                                   POST  s > > > > > > > > x x x >
notes:tag_removal                               GET   s > > > > > > > > x x x >
notes:tag_removal                               POST  s > > > > > > > > x x x >
presence:beats                                  GET   s > > > > > > > > x > x >
presence:beats                                  POST  s · · · · · · · · x · x ·
set_language                                    GET   > > > > > > > > > > > > >
set_language                                    POST  > > > > > > > > > > > > >
health:live                                     GET   · · · · · · · · · · · · ·
health:ready                                    GET   · · · · · · · · · · · · ·
health:metrics                                  GET   · · · · · · · · · · · · ·
log:explorer                                    GET   s x x x x x x x x · · x ·
desk:trail                                      GET   s x x x x x x x x · · x ·
log:people                                      GET   s x x x x x x x x · · x ·
log:people                                      POST  s x x x x x x x x > > x >
log:entry                                       GET   s x x x x x x x x · · x ·
parties:customer                                GET   s · · · · · · · · · · x ·
parties:panel                                   GET   s · · · · · · · · · · x ·
parties:reveal                                  GET   s x > x > x > x x > x x >
parties:reveal                                  POST  s x f x f x f x x f x x f
parties:merge_new                               GET   s · · x x x x x x x x x ·
parties:merge_new                               POST  s · · x x x x x x x x x ·
parties:details_new                             GET   s · · x x x x x x · x x ·
parties:details_new                             POST  s f f x x x x x x f x x f
parties:split_new                               GET   s 4 4 x x x x x x x x x 4
parties:split_new                               POST  s 4 4 x x x x x x x x x 4
parties:looks                                   GET   s x x x x x x x x · · x ·
payments:list                                   GET   s · · · · · · · · x · x ·
payments:list                                   POST  s > > > > > > > > x > x >
jobs:list                                       GET   s · · · · · · · · · · · ·
jobs:detail                                     GET   s 4 4 4 4 4 4 4 4 4 · · ·
jobs:progress                                   GET   s 4 4 4 4 4 4 4 4 4 > > >
jobs:cancellation                               GET   s 4 4 4 4 4 4 4 4 4 > > >
jobs:cancellation                               POST  s 4 4 4 4 4 4 4 4 4 x > >
jobs:file                                       GET   s 4 4 4 4 4 4 4 4 4 x x x
outbox:list                                     GET   s x x x x x x x x x · · ·
outbox:retry                                    GET   s x x x x x x x x x x · ·
outbox:retry                                    POST  s x x x x x x x x x x f f
payments:export_new                             GET   s x · x · · x x x x x x ·
payments:export_new                             POST  s x f x f f x x x x x x f
payments:bulk_refunds                           GET   s · · x x · x x x x x x ·
payments:bulk_refunds                           POST  s f f x x f x x x x x x f
payments:bulk_captures                          GET   s x · x x · x x x x x x ·
payments:bulk_captures                          POST  s x f x x f x x x x x x f
payments:bulk_voids                             GET   s x · x x · · x x x x x ·
payments:bulk_voids                             POST  s x f x x f f x x x x x f
payments:bulk_tags                              GET   s · · · · · · · · x x x ·
payments:bulk_tags                              POST  s f f f f f f f f x x x f
payments:columns                                GET   s · · · · · · · · x · x ·
payments:columns                                POST  s > > > > > > > > x > x >
payments:views                                  GET   s · · · · · · · · x · x ·
payments:view_new                               GET   s · · · · · · · · x · x ·
payments:view_new                               POST  s f f f f f f f f x f x f
payments:view_name                              GET   s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_name                              POST  s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_content                           GET   s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_content                           POST  s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_removal                           GET   s > > > > > > > > x > x >
payments:view_removal                           POST  s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_restoration                       GET   s 4 4 4 4 4 4 4 4 x 4 x 4
payments:view_restoration                       POST  s 4 4 4 4 4 4 4 4 x 4 x 4
payments:detail                                 GET   s · · · · · · · · x · x ·
payments:progress                               GET   s > > > > > > > > x > x >
payments:refund_new                             GET   s · · x x · x x x x x x ·
payments:refund_new                             POST  s f f x x f x x x x x x f
payments:refund_preview                         GET   s > > x x > x x x x x x >
payments:refund_preview                         POST  s f f x x f x x x x x x f
payments:correction_new                         GET   s x · x x · x x x x x x ·
payments:correction_new                         POST  s x f x x f x x x x x x f
payments:capture_new                            GET   s x · x x · x x x x x x ·
payments:capture_new                            POST  s x f x x f x x x x x x f
payments:capture_void_new                       GET   s x · x x · · x x x x x ·
payments:capture_void_new                       POST  s x f x x f f x x x x x f
payments:increment_new                          GET   s x · x x · x x x x x x ·
payments:increment_new                          POST  s x f x x f x x x x x x f
payments:inquiries                              GET   s 5 5 x x 5 5 x x x x x 5
payments:inquiries                              POST  s c c x x c c x x x x x c
payments:expiring                               GET   s · · · · · · · · x · x ·
payments:unsettled                              GET   s · · · · · · · · x · x ·
payments:void_new                               GET   s x · x x · · x x x x x ·
payments:void_new                               POST  s x f x x f f x x x x x f
keys:list                                       GET   s x x x x · x x x x x · ·
keys:new                                        GET   s x x x x · x x x x x · ·
keys:new                                        POST  s x x x x f x x x x x f f
keys:rotation                                   GET   s x x x x · x x x x x · ·
keys:rotation                                   POST  s x x x x f x x x x x f f
keys:revocation                                 GET   s x x x x · x x x x x · ·
keys:revocation                                 POST  s x x x x f x x x x x f f
api:api-root                                    GET   k k k k k k k k k k k k k
api:openapi-json                                GET   · · · · · · · · · · · · ·
api:openapi-view                                GET   · · · · · · · · · · · · ·
api:payments                                    GET   k k k k k k k k k k k k k
api:payments                                    POST  k k k k k k k k k k k k k
api:payment                                     GET   k k k k k k k k k k k k k
api:payment                                     POST  k k k k k k k k k k k k k
api:payment_confirm                             GET   k k k k k k k k k k k k k
api:payment_confirm                             POST  k k k k k k k k k k k k k
api:payment_capture                             GET   k k k k k k k k k k k k k
api:payment_capture                             POST  k k k k k k k k k k k k k
api:payment_void                                GET   k k k k k k k k k k k k k
api:payment_void                                POST  k k k k k k k k k k k k k
api:payment_increment                           GET   k k k k k k k k k k k k k
api:payment_increment                           POST  k k k k k k k k k k k k k
api:payment_capture_void                        GET   k k k k k k k k k k k k k
api:payment_capture_void                        POST  k k k k k k k k k k k k k
api:refunds                                     GET   k k k k k k k k k k k k k
api:refunds                                     POST  k k k k k k k k k k k k k
api:refund                                      GET   k k k k k k k k k k k k k
api:refund                                      POST  k k k k k k k k k k k k k
api:customers                                   GET   k k k k k k k k k k k k k
api:customers                                   POST  k k k k k k k k k k k k k
api:customer                                    GET   k k k k k k k k k k k k k
api:customer                                    POST  k k k k k k k k k k k k k
api:cards                                       GET   k k k k k k k k k k k k k
api:cards                                       POST  k k k k k k k k k k k k k
api:card                                        GET   k k k k k k k k k k k k k
api:card                                        POST  k k k k k k k k k k k k k
connectors:list                                 GET   s x x x x · x x x x · x ·
connectors:new                                  GET   s x x x x · x x x x x x ·
connectors:new                                  POST  s x x x x f x x x x x x f
connectors:key                                  GET   s x x x x · x x x x x x ·
connectors:key                                  POST  s x x x x f x x x x x x f
connectors:secret                               GET   s x x x x · x x x x x x ·
connectors:secret                               POST  s x x x x f x x x x x x f
connectors:trials                               GET   s x x x x 5 x x x x x x 5
connectors:trials                               POST  s x x x x > x x x x x x >
connectors:enabling                             GET   s x x x x 5 x x x x x x 5
connectors:enabling                             POST  s x x x x > x x x x x x >
connectors:disabling                            GET   s x x x x 5 x x x x x x 5
connectors:disabling                            POST  s x x x x > x x x x x x >
connectors:routing                              GET   s x x x x · x x x x · x ·
connectors:route_new                            GET   s x x x x · x x x x x x ·
connectors:route_new                            POST  s x x x x f x x x x x x f
connectors:route_ending                         GET   s x x x x 5 x x x x x x 5
connectors:route_ending                         POST  s x x x x > x x x x x x >
api:connectors                                  GET   k k k k k k k k k k k k k
api:events                                      GET   k k k k k k k k k k k k k
api:event                                       GET   k k k k k k k k k k k k k
api:webhook_endpoints                           GET   k k k k k k k k k k k k k
api:webhook_endpoints                           POST  k k k k k k k k k k k k k
api:webhook_endpoint                            GET   k k k k k k k k k k k k k
api:webhook_endpoint                            POST  k k k k k k k k k k k k k
api:webhook_endpoint_rotate                     GET   k k k k k k k k k k k k k
api:webhook_endpoint_rotate                     POST  k k k k k k k k k k k k k
gateways:events                                 GET   s x x x x · x x x x · x ·
gateways:event                                  GET   s x x x x · x x x x · x ·
gateways:replays                                GET   s x x x x 5 x x x x x x 5
gateways:replays                                POST  s x x x x > x x x x x x >
gateways:closings                               GET   s x x x x 5 x x x x x x 5
gateways:closings                               POST  s x x x x c x x x x x x c
gateways:kind_replays                           GET   s x x x x 5 x x x x x x 5
gateways:kind_replays                           POST  s x x x x c x x x x x x c
gateways:mappings                               GET   s x x x x 5 x x x x x x 5
gateways:mappings                               POST  s x x x x f x x x x x x f
gateways:webhook                                GET   5 5 5 5 5 5 5 5 5 5 5 5 5
gateways:webhook                                POST  f f f f f f f f f f f f f
webhooks:endpoints                              GET   s x · x x · x x x x · · ·
webhooks:endpoint                               GET   s x · x x · x x x x · · ·
webhooks:endpoint_new                           GET   s x x x x · x x x x x · ·
webhooks:endpoint_new                           POST  s x x x x f x x x x x f f
webhooks:change                                 GET   s x x x x · x x x x x · ·
webhooks:change                                 POST  s x x x x f x x x x x f f
webhooks:rotation                               GET   s x x x x · x x x x x · ·
webhooks:rotation                               POST  s x x x x f x x x x x f f
webhooks:tests                                  GET   s x x x x 5 x x x x x 5 5
webhooks:tests                                  POST  s x x x x > x x x x x > >
webhooks:disabling                              GET   s x x x x 5 x x x x x 5 5
webhooks:disabling                              POST  s x x x x > x x x x x > >
webhooks:enabling                               GET   s x x x x 5 x x x x x 5 5
webhooks:enabling                               POST  s x x x x > x x x x x > >
webhooks:endpoint_redeliveries                  GET   s x x x x 5 x x x x x 5 5
webhooks:endpoint_redeliveries                  POST  s x x x x > x x x x x > >
webhooks:redeliveries                           GET   s x x x x 5 x x x x x 5 5
webhooks:redeliveries                           POST  s x x x x > x x x x x > >
webhooks:deliveries                             GET   s x · x x · x x x x · · ·
webhooks:delivery                               GET   s x · x x · x x x x · · ·
webhooks:events                                 GET   s x · x x · x x x x · x ·
webhooks:event                                  GET   s x · x x · x x x x · x ·
"""


SIGNS = {200: "·", 400: "f", 401: "k", 403: "x", 404: "4", 405: "5", 409: "c", 410: "g"}
# A session, the record of the look, and the counters of tries.
MAY_BE_WRITTEN = {"django_session", "audit_logentry", "audit_look", "shared_cache"}
WRITE = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
SAVEPOINT = re.compile(r"(?:RELEASE )?SAVEPOINT ")
AT_THE_DOOR = {"access.sign_in_failed", "api.key.refused"}
SIGN_IN = ("/accounts/login/", "/admin/login/")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `expected` holds a sign for each column."""

    name: str
    method: str
    expected: str


def read_table() -> list[Row]:
    rows = []
    for line in TABLE.strip().splitlines():
        name, method, signs = line.split(maxsplit=2)
        rows.append(Row(name, method, signs.replace(" ", "")))
    return rows


ROWS = read_table()


ADDRESSES = {one.name: one for one in list_addresses()}


def url_of(name: str, house: House) -> str:
    """Where a row is found, with the house's own objects in it."""
    address = ADDRESSES[name]
    if not address.has_name:
        pattern = "/" + name.replace("(?P<url>.*)$", "nowhere/")
        return pattern.replace("<path:object_id>", str(house.colleague.pk))
    objects: dict[str, Any] = {
        "admin:auth_group": house.role,
        "admin:payments_refundreason": house.reason,
        "admin:payments_networkterms": NetworkTerms(network="visa"),
        "admin:approvals_approvallimit": house.limit,
        "admin:notes_tag": house.tag,
        "admin:parties_merchant": house.payment.merchant,
    }
    given = {
        "payment_id": house.payment.pk,
        "approval_id": house.approval.pk,
        "entry_id": house.entry.pk,
        "request_id": house.entry.cid,
        "capture_id": house.capture.pk,
        "event_id": house.event_id,
        "account_id": house.account.pk,
        "route_id": house.route.pk,
        "kind": "payment",
        "subject_id": house.payment.pk,
        "note_id": house.note.pk,
        "code": house.tag.pk,
        "view_id": house.view.pk,
        "job_id": house.job.pk,
        "message_id": house.message.pk,
        "object_id": objects.get(name.rpartition("_")[0], house.colleague).pk,
        "key_id": house.api_key.pk,
        "refund_id": house.payment.pk,
        "customer_id": house.payment.customer_id,
        "merge_id": house.payment.pk,
        "card_id": house.payment.pk,
        "content_type_id": ContentType.objects.get_for_model(User).pk,
        "app_label": "access",
        "endpoint_id": house.delivery.endpoint_id,
        "delivery_id": house.delivery.pk,
        "connector": "sandbox",
        "session_id": 0,
        "person_id": house.colleague.pk,
        "role_id": house.role.pk,
        "pk": 0,
        "part": "cards",
        "ticket": "v1.none.of.ours",
        "key": "out-of-a-mail",
        "uidb36": "0",
    }
    if name.startswith("webhooks:"):
        given |= {"event_id": house.delivery.event_id}
    return reverse(name, kwargs={part: given[part] for part in address.parts})


def sign_of(answer: Any) -> str:
    if answer.status_code in (301, 302):
        return "s" if answer["Location"].startswith(SIGN_IN) else ">"
    return SIGNS.get(answer.status_code, str(answer.status_code))


@contextmanager
def afterwards_as_before() -> Iterator[None]:
    """Whatever a cell does is undone, so that the next one meets the same house."""
    # By hand: a request wants to be the outermost `atomic` block.
    place = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(place)
        ContentType.objects.clear_cache()


def ask(browser: Client, row: Row, house: House) -> Any:
    url = url_of(row.name, house)
    return browser.post(url) if row.method == "POST" else browser.get(url)


def examine(browser: Client, row: Row, house: House) -> tuple[str, list[str]]:
    """What a cell answers, and what is wrong with what a look left behind."""
    before = list(LogEntry.objects.values_list("pk", flat=True))
    # A process that has answered a page before knows them.
    ContentType.objects.get_for_models(*apps.get_models())
    with CaptureQueriesContext(connection) as queries:
        sign = sign_of(ask(browser, row, house))
    if row.method != "GET":
        return sign, []
    written = {table for one in queries for table in WRITE.findall(one["sql"])}
    faults = [f"a look wrote to {table}" for table in sorted(written - MAY_BE_WRITTEN)]
    # A savepoint is the test's own: alone, a session is written without a transaction.
    asked = [one for one in queries if not SAVEPOINT.match(one["sql"])]
    if sign == "·" and len(asked) > MOST_QUERIES:
        faults.append(f"{len(asked)} statements")
    entries = list(LogEntry.objects.exclude(pk__in=before).order_by("pk"))
    looks = [(one.event, one.outcome) for one in entries if one.event not in AT_THE_DOOR]
    if looks != expected_on_record(url_of(row.name, house), sign):
        faults.append(f"on record: {looks}")
    text = "".join(str(vars(one)) for one in entries)
    return sign, faults + [f"the record holds {what}" for what in PERSONAL if what in text]


def expected_on_record(url: str, sign: str) -> list[tuple[str, str]]:
    """One entry for a look at data, one for a door that stayed shut, none for anything else."""
    name = resolve(url).view_name
    event = f"access.{name.replace(':', '.')}"
    route = ROUTES.get(name)
    if sign in ("x", "4"):
        return [(event, "denied")]
    if sign == "·" and route is not None and route.data.is_recorded:
        return [(event, "done")]
    return []


@pytest.mark.parametrize("who", COLUMNS)
def test_every_address_answers_as_the_table_says(who: str, house: House, enter: Enter) -> None:
    browser = enter(who)
    ticket = {name: cookie.value for name, cookie in browser.cookies.items()}
    wrong = []
    for row in ROWS:
        browser.cookies.clear()
        browser.cookies.load(ticket)
        expected = row.expected[COLUMNS.index(who)]
        with afterwards_as_before():
            found, faults = examine(browser, row, house)
        wrong += [] if found == expected else [f"{row.method} {row.name}: {found}, not {expected}"]
        wrong += [f"{row.method} {row.name}: {fault}" for fault in faults]
    assert wrong == []


def test_table_names_every_address_and_no_other() -> None:
    assert {row.name for row in ROWS} == set(ADDRESSES)
    assert {len(row.expected) for row in ROWS} == {len(COLUMNS)}
    assert len({(row.name, row.method) for row in ROWS}) == len(ROWS)


def test_every_named_address_says_what_it_shows_and_no_row_is_stale() -> None:
    named = {one.name for one in ADDRESSES.values() if one.has_name}
    assert set(ROUTES) == named


def test_every_view_says_who_may_open_it() -> None:
    ours = [
        one
        for one in ADDRESSES.values()
        if not one.is_admin and not one.view.__module__.startswith("allauth.")
    ]
    assert len(ours) > 10
    assert [one.name for one in ours if find_gate(one.view) is None] == []


def test_role_taken_away_closes_every_page_at_the_next_request(house: House, enter: Enter) -> None:
    browser = enter("support_lead")
    pages = ["payments:list", "payments:detail", "payments:refund_new", "approvals:inbox"]
    assert [browser.get(url_of(name, house)).status_code for name in pages] == [200] * 4
    with acting_as(operator("test")):
        User.objects.get(email="support_lead@house.test").groups.clear()
    assert [browser.get(url_of(name, house)).status_code for name in pages] == [403] * 4


def test_permission_taken_from_a_role_acts_at_the_next_request(house: House, enter: Enter) -> None:
    browser = enter("support_agent")
    refund = url_of("payments:refund_new", house)
    assert browser.get(refund).status_code == 200
    with acting_as(operator("test")):
        group = Group.objects.get(name="support_agent")
        group.permissions.remove(group.permissions.get(codename="refund_payment"))
    assert browser.get(refund).status_code == 403
    assert browser.get(url_of("payments:detail", house)).status_code == 200
