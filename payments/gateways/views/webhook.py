"""Where providers send their events."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from audit import log
from audit.actor import Actor, ActorKind, acting_as, find_actor, new_request_id
from audit.clock import now
from audit.gate import open_to_all
from audit.models import Outcome
from payments.gateways.commands import receive_event
from payments.gateways.errors import Forged
from payments.gateways.floods import refused
from payments.gateways.registry import NoSuchConnector, verify_event

LARGEST_BODY = 64 * 1024


@open_to_all
@csrf_exempt
@require_POST
def receive(request: HttpRequest, connector: str) -> HttpResponse:
    """Prove, keep, answer: what the event leads to is done later.

    202 when it is kept (now or before), 400 for a forged one, 404 for a connector that is none,
    413 for a message too large.
    """
    with acting_as(_actor(request, connector)):
        if _length(request) > LARGEST_BODY:
            return _refuse(connector, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            account_id, event = verify_event(connector, request.headers, request.body, now())
        except NoSuchConnector:
            return _answer("connector_unknown", HTTPStatus.NOT_FOUND)
        except Forged as forged:
            return _refuse(connector, forged.reason, HTTPStatus.BAD_REQUEST)
        receive_event(
            connector=connector,
            account_id=account_id,
            event_id=event.id,
            type=event.type,
            object_kind=event.kind,
            object_reference=event.reference,
            authorization_reference=event.authorization_reference,
            body=event.raw,
            occurred_at=event.occurred_at,
        )
    return JsonResponse({"received": True}, status=HTTPStatus.ACCEPTED)


def _actor(request: HttpRequest, connector: str) -> Actor:
    visitor = find_actor()
    return Actor(
        ActorKind.SYSTEM,
        f"webhook:{connector}",
        request_id=getattr(request, "request_id", "") or new_request_id(),
        address=visitor.address if visitor else None,
    )


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _refuse(connector: str, reason: str, status: HTTPStatus) -> HttpResponse:
    count = refused.count(f"{connector} {reason}")
    if count is not None:
        data = {"connector": connector, "reason": reason}
        if count > 1:
            data["count"] = str(count)
        log.record("gateways.webhook.refused", outcome=Outcome.DENIED, data=data)
    return _answer(reason, status)


def _answer(code: str, status: HTTPStatus) -> HttpResponse:
    return JsonResponse({"error": {"code": code}}, status=status)
