"""Accounts at providers: kept sealed, tried before they are used, their secrets exchanged."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from audit import clock, rotation
from audit.actor import Actor, ActorKind, acting_as
from audit.errors import Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.gateways.commands import (
    create_account,
    disable_account,
    enable_account,
    record_trial,
    replace_api_key,
    replace_webhook_secret,
    request_trial,
)
from payments.gateways.models import ConnectorAccount, InboundEvent
from payments.gateways.models.accounts import SECRETS
from payments.gateways.opened import open_account, open_for_trial
from payments.gateways.queries import list_open_accounts
from payments.gateways.tasks.trials import try_account
from payments.models import Attempt
from tests.payments.builders import make_merchant, new_key, new_payment
from tests.payments.gateways.conftest import NEXT_SECRET, SECRET
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.gateways.test_webhook import message, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

KEY, NEXT_KEY = "sk_test_firstkeyofthetests", "sk_test_secondkeyofthetests"
Trial, State = ConnectorAccount.Trial, ConnectorAccount.State


def make_account(**given: Any) -> ConnectorAccount:
    return create_account(
        **{
            "connector": "stripe",
            "name": "House account",
            "api_key": KEY,
            "webhook_secret": SECRET,
            "key": new_key(),
            **given,
        }
    )


def proven(**given: Any) -> ConnectorAccount:
    account = make_account(**given)
    return record_trial(
        account_id=account.pk,
        tried=account.next_api_key,
        outcome=Trial.PASSED,
        provider_account="acct_1",
    )


def test_new_account_is_a_draft_whose_credentials_are_tried() -> None:
    account = make_account()
    assert (account.state, account.trial, account.is_proven) == (State.DRAFT, "under_way", False)
    message = Message.objects.get(task="gateways.try_account")
    assert message.kwargs == {"account_id": str(account.pk)}
    entry = LogEntry.objects.get(event="gateways.account.created")
    assert entry.object_pk == str(account.pk)


def test_same_form_twice_makes_one_account() -> None:
    key = new_key()
    assert make_account(key=key).pk == make_account(key=key).pk
    with pytest.raises(Refusal, match="key_reused"):
        make_account(key=key, name="Another")


def test_secrets_are_sealed_and_neither_shown_nor_on_record() -> None:
    account = make_account()
    replace_webhook_secret(account_id=account.pk, webhook_secret=NEXT_SECRET, overlap_hours=24)
    account.refresh_from_db()
    stored = " ".join(str(value) for value in vars(account).values())
    told = " ".join(str(one.changes) for one in LogEntry.objects.all())
    for secret in (KEY, SECRET, NEXT_SECRET):
        assert secret not in stored + told
    assert not any(
        getattr(account, column) in told for column in SECRETS if getattr(account, column)
    )
    assert account.next_api_key_hint == "sk_test_…ests"
    assert KEY not in repr(open_for_trial(account, clock.now()))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"connector": "nobody"}, "connector_unknown"),
        ({"api_key": "pk_test_publishablekey"}, "api_key_shape"),
        ({"api_key": "sk_live_notoftestmode1"}, "api_key_mode"),
        ({"api_key": KEY, "is_live": True}, "api_key_mode"),
        ({"api_key": ""}, "api_key_missing"),
        ({"webhook_secret": "hunter2"}, "webhook_secret_shape"),
        ({"connector": "sandbox", "webhook_secret": "whsec_a_b_c_d_e_f"}, "webhook_secret_shape"),
        ({"connector": "sandbox", "is_live": True}, "connector_is_no_live_one"),
        ({"merchant_id": uuid.uuid4()}, "merchant_missing"),
        ({"name": " "}, "text_missing"),
    ],
)
def test_account_that_cannot_be_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        make_account(**given)
    assert refused.value.code == code
    assert not ConnectorAccount.objects.filter(connector="stripe").exists()


def test_connector_without_its_software_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("payments.gateways.capabilities.find_spec", lambda _name: None)
    with pytest.raises(Refusal) as refused:
        make_account()
    assert refused.value.code == "connector_not_installed"


def test_account_is_enabled_only_once_its_credentials_were_taken() -> None:
    account = make_account()
    with pytest.raises(Refusal) as refused:
        enable_account(account_id=account.pk)
    assert refused.value.code == "account_not_proven"
    record_trial(account_id=account.pk, tried=account.next_api_key, outcome=Trial.REFUSED)
    with pytest.raises(Refusal):
        enable_account(account_id=account.pk)
    record_trial(account_id=account.pk, tried=account.next_api_key, outcome=Trial.PASSED)
    assert enable_account(account_id=account.pk).state == State.ENABLED
    assert enable_account(account_id=account.pk).state == State.ENABLED
    assert disable_account(account_id=account.pk).state == State.DISABLED


def test_key_is_used_only_once_it_was_taken() -> None:
    account = proven()
    assert open_account(account, clock.now()).api_key == KEY
    account = replace_api_key(account_id=account.pk, api_key=NEXT_KEY)
    assert open_account(account, clock.now()).api_key == KEY
    assert open_for_trial(account, clock.now()).api_key == NEXT_KEY
    record_trial(account_id=account.pk, tried=account.next_api_key, outcome=Trial.REFUSED)
    account.refresh_from_db()
    assert account.is_proven
    assert open_account(account, clock.now()).api_key == KEY
    record_trial(account_id=account.pk, tried=account.next_api_key, outcome=Trial.PASSED)
    account.refresh_from_db()
    assert open_account(account, clock.now()).api_key == NEXT_KEY
    assert (account.next_api_key, account.api_key_hint) == ("", "sk_test_…ests")


def test_trial_of_a_key_that_was_replaced_meanwhile_says_nothing() -> None:
    account = make_account()
    tried = account.next_api_key
    replace_api_key(account_id=account.pk, api_key=NEXT_KEY)
    record_trial(account_id=account.pk, tried=tried, outcome=Trial.PASSED)
    account.refresh_from_db()
    assert (account.is_proven, account.trial) == (False, Trial.UNDER_WAY)


def test_secret_before_is_taken_until_its_time_is_over() -> None:
    account = make_account()
    account = replace_webhook_secret(
        account_id=account.pk, webhook_secret=NEXT_SECRET, overlap_hours=24
    )
    now = clock.now()
    assert open_account(account, now).webhook_secrets == (NEXT_SECRET, SECRET)
    assert open_account(account, now + timedelta(hours=25)).webhook_secrets == (NEXT_SECRET,)
    account = replace_webhook_secret(account_id=account.pk, webhook_secret=SECRET, overlap_hours=0)
    assert open_account(account, now).webhook_secrets == (SECRET,)
    with pytest.raises(Refusal, match="overlap_invalid"):
        replace_webhook_secret(account_id=account.pk, webhook_secret=SECRET, overlap_hours=73)


def test_trial_at_the_sandbox_asks_the_provider(provider: Sandbox, settings: Settings) -> None:
    settings.SANDBOX_URL = provider.url
    account = make_account(connector="sandbox", api_key="")
    try_account(account_id=str(account.pk))
    account.refresh_from_db()
    assert (account.trial, account.is_proven, account.provider_account) == (
        Trial.PASSED,
        True,
        "sandbox",
    )
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    request_trial(account_id=account.pk)
    try_account(account_id=str(account.pk))
    account.refresh_from_db()
    assert (account.trial, account.is_proven) == (Trial.NOT_REACHED, True)


def test_webhooks_are_proved_by_the_secret_of_any_account(
    client: Client, settings: Settings
) -> None:
    settings.SANDBOX_WEBHOOK_SECRETS = ["whsec_" + "c2V0dGluZ3Mtb3du"]
    body, headers = message(secret=SECRET)
    assert post(client, body, headers).status_code == 400
    account = make_account(connector="sandbox", api_key="", webhook_secret=SECRET)
    assert post(client, body, headers).status_code == 202
    assert InboundEvent.objects.get().account_id == account.pk
    replace_webhook_secret(account_id=account.pk, webhook_secret=NEXT_SECRET, overlap_hours=1)
    for number, secret in enumerate((SECRET, NEXT_SECRET)):
        body, headers = message(event_id=f"evt_of_{number}", secret=secret)
        assert post(client, body, headers).status_code == 202
    replace_webhook_secret(account_id=account.pk, webhook_secret=NEXT_SECRET, overlap_hours=0)
    body, headers = message(event_id="evt_late", secret=SECRET)
    assert post(client, body, headers).status_code == 400


def test_new_keyring_key_seals_the_secrets_anew(settings: Settings) -> None:
    account = replace_webhook_secret(
        account_id=proven().pk, webhook_secret=NEXT_SECRET, overlap_hours=24
    )
    before = [getattr(account, column) for column in SECRETS]
    new = "2027a:bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4="
    settings.COMPTOIR_KEYRING = f"{new},{settings.COMPTOIR_KEYRING}"
    for sealed in rotation.registry.values():
        if sealed.model is ConnectorAccount:
            list(rotation.rotate(sealed))
    account.refresh_from_db()
    after = [getattr(account, column) for column in SECRETS]
    assert all(one.startswith("2027a") or "2027a" in one[:20] for one in after if one), (
        "still under the old key"
    )
    assert [bool(one) for one in before] == [bool(one) for one in after]
    assert open_account(account, clock.now()).webhook_secrets == (NEXT_SECRET, SECRET)


def test_attempt_remembers_the_account_it_went_through() -> None:
    payment = new_payment()
    attempt = Attempt.objects.select_related("account").get(payment=payment)
    assert attempt.account is not None
    assert (attempt.account.connector, attempt.account.name) == ("sandbox", "Sandbox")


def test_merchants_own_account_goes_before_the_houses() -> None:
    merchant = make_merchant()
    own = make_account(connector="sandbox", api_key="", merchant_id=merchant.pk)
    record_trial(account_id=own.pk, tried="", outcome=Trial.PASSED)
    assert own not in list_open_accounts(merchant.pk, is_live=False)
    enable_account(account_id=own.pk)
    payment = new_payment(merchant=merchant)
    assert Attempt.objects.get(payment=payment).account_id == own.pk
    other = new_payment()
    assert Attempt.objects.get(payment=other).account_id != own.pk


def test_payment_that_no_account_takes_is_refused() -> None:
    house = ConnectorAccount.objects.get(connector="sandbox")
    disable_account(account_id=house.pk)
    with pytest.raises(Refusal) as refused:
        new_payment()
    assert refused.value.code == "no_route"


def test_who_may_not_manage_changes_nothing() -> None:
    account = proven()
    outsider = Actor(ActorKind.API_KEY, "K-1", request_id="r")
    with acting_as(outsider):
        acts: list[Callable[[], object]] = [
            make_account,
            lambda: enable_account(account_id=account.pk),
            lambda: disable_account(account_id=account.pk),
            lambda: request_trial(account_id=account.pk),
            lambda: replace_api_key(account_id=account.pk, api_key=NEXT_KEY),
            lambda: replace_webhook_secret(
                account_id=account.pk, webhook_secret=SECRET, overlap_hours=0
            ),
        ]
        for act in acts:
            with pytest.raises(Refusal, match="not_allowed"):
                act()


@pytest.mark.usefixtures("transactional_db")
def test_emptied_database_has_its_sandbox_again() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert ConnectorAccount.objects.get().connector == "sandbox"
