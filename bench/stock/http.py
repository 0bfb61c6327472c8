"""The same endpoint as most would write it: POST a capture, once by its Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bench.stock.models import Attempt, Capture, Key, Message, Payment, Record


@csrf_exempt
@require_POST
def capture(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Checks what ours checks, writes what ours writes, answers what ours answers."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    key = Key.objects.filter(digest=digest_of(secret)).first()
    if key is None:
        return JsonResponse({"code": "key_unknown"}, status=401)
    given = request.headers["Idempotency-Key"]
    body = json.loads(request.body)
    print_ = digest_of(f"{request.method} {request.path} {json.dumps(body, sort_keys=True)}")
    known = Record.objects.filter(owner=key.owner, digest=digest_of(given)).first()
    if known is not None:
        if known.fingerprint != print_:
            return JsonResponse({"code": "idempotency_key_reused"}, status=422)
        return HttpResponse(known.answer, status=202, content_type="application/json")
    record = _capture(payment_id, body["amount"], given, key, print_)
    answer = json.dumps(_tell(Payment.objects.get(pk=payment_id)))
    record.answer = answer
    record.save()
    return HttpResponse(answer, status=202, content_type="application/json")


@transaction.atomic
def _capture(payment_id: uuid.UUID, minor: int, given: str, key: Key, print_: str) -> Record:
    now = timezone.now()
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    attempt = Attempt.objects.filter(payment=payment).order_by("-number")[0]
    assert attempt.status == "authorized"
    assert payment.authorized_minor - payment.capture_pending_minor >= minor
    capture = Capture(
        key=f"{key.owner}:{given}",
        fingerprint=print_,
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=minor,
        currency=payment.currency,
        created_at=now,
    )
    capture.save()
    payment.capture_pending_minor += minor
    payment.save()
    Message(
        task="payments.send_capture",
        kwargs={"capture_id": str(capture.pk)},
        next_at=now,
        made_at=now,
        request_id=given,
    ).save()
    record = Record(
        owner=key.owner,
        digest=digest_of(given),
        fingerprint=print_,
        made_at=now,
        subject=payment.pk,
    )
    record.save()
    return record


def _tell(payment: Payment) -> dict[str, Any]:
    attempts = Attempt.objects.filter(payment=payment).order_by("number")
    captures = Capture.objects.filter(payment=payment).order_by("created_at", "pk")
    return {
        "id": str(payment.pk),
        "reference": payment.reference,
        "status": payment.status,
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "amount_authorized": payment.authorized_minor,
        "amount_captured": payment.captured_minor,
        "created_at": payment.created_at.isoformat(),
        "attempts": [
            {
                "id": str(one.pk),
                "number": one.number,
                "status": one.status,
                "connector": one.connector,
                "amount": one.amount_minor,
                "expires_at": one.expires_at.isoformat() if one.expires_at else None,
            }
            for one in attempts
        ],
        "captures": [
            {
                "id": str(one.pk),
                "amount": one.amount_minor,
                "status": one.status,
                "created_at": one.created_at.isoformat(),
            }
            for one in captures
        ],
    }


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


urlpatterns = [path("api/v1/payments/<uuid:payment_id>/capture", capture)]
