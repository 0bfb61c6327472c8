"""Keeps what somebody typed while he proves who he is (see `audit.kept`).

It lies in the session, which rests sealed: for some minutes, for this person alone, and it is gone
once the page it belongs to was shown again. Whose it is when his session is over says a sealed
cookie that his last sign-in left in the browser; it opens nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from audit import clock, log
from audit.card_numbers import find_card_number
from audit.encryption import DecryptionFailed, seal_secret, unseal_secret
from audit.kept import Kept
from config.access.models import User

KEY = "kept_work"
PLACE = "access.last_person"
MOST_SIGNS = 50_000
NEVER = ("csrfmiddlewaretoken", "next")
SECRET = ("password", "code", "credential", "secret", "token")
"""Names of what proves a person: never kept, wherever it stands."""


def keep(request: HttpRequest, *, person: uuid.UUID, back: str, why: str) -> None:
    """Keep the fields of this POST for `person`, to be given back at the page `back`."""
    texts = _fields(request.POST.lists())
    clean = {name: values for name, values in texts.items() if not _has_card_number(values)}
    if not (texts or request.FILES):
        return
    request.session[KEY] = {
        "person": str(person),
        "path": urlsplit(back).path,
        "at": int(clock.now().timestamp()),
        "fields": clean,
        "had_files": bool(request.FILES),
        "had_card_number": len(clean) < len(texts),
    }
    log.record("access.work_kept", obj=User(pk=person), data={"why": why, "fields": sorted(clean)})


def keep_for_the_last_person(request: HttpRequest, back: str) -> None:
    """A POST met a session that is over: keep what it brought for whoever was signed in here.

    What a page says by itself is nobody's work, and takes the place of none.
    """
    person = last_person(request)
    if person is None or "Comptoir-Poll" in request.headers:
        return
    keep(request, person=person, back=back, why="session_over")
    if KEY in request.session:
        request.session.set_expiry(settings.KEPT_WORK_S)


def settle(request: HttpRequest, user: User) -> None:
    """Somebody signed in: what was kept for another is gone."""
    found = request.session.get(KEY)
    if found is None:
        return
    request.session.set_expiry(None)
    if found["person"] != str(user.pk):
        del request.session[KEY]


def last_person(request: HttpRequest) -> uuid.UUID | None:
    """Who signed in last in this browser and did not sign out, as far as the cookie tells."""
    token = request.COOKIES.get(settings.LAST_PERSON_COOKIE, "")
    if not token:
        return None
    try:
        return uuid.UUID(unseal_secret(token, place=PLACE))
    except (DecryptionFailed, ValueError):
        return None


def remember(response: HttpResponseBase, person: uuid.UUID | None) -> None:
    """Leave the cookie of who signed in; take it away from who signed out."""
    name: str = settings.LAST_PERSON_COOKIE
    if person is None:
        response.delete_cookie(name, samesite="Lax")
        return
    response.set_cookie(
        name,
        seal_secret(str(person), place=PLACE),
        max_age=settings.SESSION_COOKIE_AGE + settings.KEPT_WORK_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def find(request: HttpRequest) -> Kept | None:
    """What is to be given back in answer to this request; None for most. No queries."""
    if request.method != "GET" or not request.user.is_authenticated:
        return None
    found = request.session.get(KEY)
    if found is None:
        return None
    age = clock.now().timestamp() - found["at"]
    if found["person"] != str(request.user.pk) or age > settings.KEPT_WORK_S:
        del request.session[KEY]
        return None
    is_part = bool(getattr(request, "htmx", False)) or not request.accepts("text/html")
    if found["path"] != request.path or is_part:
        return None
    return Kept(found["fields"], found["had_files"], found["had_card_number"])


def after(request: HttpRequest, response: HttpResponseBase) -> None:
    """The page was shown: what it gave back is kept no longer. A redirect takes it along."""
    if KEY not in request.session:
        return
    if response.status_code == 200:
        del request.session[KEY]
        log.record("access.work_given_back", obj=request.user)
    elif response.status_code in (301, 302, 303):
        path = urlsplit(response["Location"]).path
        request.session[KEY] = {**request.session[KEY], "path": path}


def where_he_was(request: HttpRequest, otherwise: str = "") -> str:
    """The page from which a request was made; its own address where the browser does not tell.

    Empty when a part of a page does not say of which.
    """
    is_part = bool(getattr(request, "htmx", False))
    if request.method in ("GET", "HEAD") and not is_part:
        return request.get_full_path()
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not told or not url_has_allowed_host_and_scheme(told, allowed_hosts={request.get_host()}):
        return otherwise or ("" if is_part else request.get_full_path())
    parts = urlsplit(told)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _fields(posted: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """What may be kept: no proofs of identity, nothing empty, and not more than a session holds."""
    fields = {
        name: [str(value) for value in values]
        for name, values in posted
        if any(values) and not name.startswith("_") and name not in NEVER and not _is_secret(name)
    }
    return fields if _size(fields) <= MOST_SIGNS else {}


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET)


def _size(fields: Mapping[str, list[str]]) -> int:
    return sum(len(name) + sum(map(len, values)) for name, values in fields.items())


def _has_card_number(values: list[str]) -> bool:
    return any(find_card_number(value) for value in values)
