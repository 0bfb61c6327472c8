"""What makes a key good, and what may be asked of one. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor, ActorKind
from audit.encryption import blind_index
from audit.errors import Kind, Refusal
from config.api.models import ApiKey
from config.api.scopes import SCOPES, permissions_of

TEST, LIVE = "ck_test_", "ck_live_"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """A key in the clear: shown once, never stored. `hint` is what is shown of it afterwards."""

    text: str

    @property
    def hint(self) -> str:
        return f"{self.text[:8]}…{self.text[-4:]}"

    @property
    def digest(self) -> str:
        return digest_of(self.text)

    def __repr__(self) -> str:
        return "Secret(…)"


def new_secret(*, is_live: bool) -> Secret:
    """A fresh key: 256 bits of chance behind a prefix that says what it opens."""
    return Secret((LIVE if is_live else TEST) + secrets.token_urlsafe(SECRET_BYTES))


def digest_of(text: str) -> str:
    """What is kept of a key: a keyed hash, worthless without our keyring."""
    return blind_index(text, purpose="api-key")


def looks_like_key(text: str) -> bool:
    """Whether a text can be a key at all, before it costs a query."""
    return text.startswith((TEST, LIVE)) and 40 <= len(text) <= 80 and text.isascii()


def why_closed(key: ApiKey, now: datetime) -> str:
    """Why a key opens nothing any more; empty for one that does."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return ""


def check_scopes(scopes: Sequence[str]) -> list[str]:
    """The scopes in the table's order, each once. Raises Refusal for none, or one there is not."""
    strange = sorted(set(scopes) - set(SCOPES))
    if strange:
        raise Refusal("scope_unknown", _("There is no such scope."), scopes=strange)
    if not scopes:
        raise Refusal("scope_missing", _("A key without a scope opens nothing: choose one."))
    return [code for code in SCOPES if code in scopes]


def check_giver(actor: Actor, scopes: Sequence[str]) -> None:
    """A person gives no key more power over money than he has himself. Raises Refusal (forbidden).

    Otherwise who decides about access could move money through a key of his own making.
    """
    if actor.kind is not ActorKind.USER:
        return
    moving = permissions_of(code for code in scopes if SCOPES[code].moves_money)
    if moving - actor.permissions:
        message = _("A key that moves money is made by somebody who may move it himself.")
        raise Refusal("scope_not_held", message, Kind.FORBIDDEN, field="scopes")


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raises Refusal for a moment that has passed."""
    if expires_at is not None and expires_at <= now:
        raise Refusal("expiry_past", _("Choose a moment to come."))


def check_open(key: ApiKey, now: datetime) -> None:
    """Raises a conflict for a key that opens nothing any more."""
    if why_closed(key, now):
        raise Refusal("key_closed", _("This key is closed already."), Kind.CONFLICT, about=key)
