"""The API as a whole: `/api/v1/`, its document, and its manners."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from audit.errors import Busy, OutcomeUnknown, RecordUnavailable, Refusal
from audit.gate import open_to_all
from config.api import problems
from config.api.document import DocumentedAPI
from config.api.parsing import StrictParser
from payments.api import connectors, events, parties, payments, refunds, webhook_endpoints
from payments.webhooks.presenting import written

ABOUT = """
Take payments, capture, void and refund them. Amounts are integers in the minor unit of their
currency. Every POST that moves money needs an `Idempotency-Key`; sending the same request with the
same key again is always safe. What has no answer yet is `processing`, never failed. Errors are
problem documents (RFC 9457) with a stable `code`.
"""


class Encoder(NinjaJSONEncoder):
    """Moments as what is kept and what is sent has them: one form in every answer."""

    def default(self, o: Any) -> Any:
        return written(o) if isinstance(o, datetime) else super().default(o)


class Renderer(JSONRenderer):
    encoder_class = Encoder


api = DocumentedAPI(
    title="Comptoir",
    version="1",
    description=ABOUT,
    urls_namespace="api",
    parser=StrictParser(),
    renderer=Renderer(),
    docs=Swagger(settings={"persistAuthorization": False}),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
ROUTERS = (
    payments.router,
    refunds.router,
    parties.router,
    connectors.router,
    events.router,
    webhook_endpoints.router,
)
for router in ROUTERS:
    api.add_router("", router)


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, error: Refusal) -> HttpResponse:
    return problems.of_refusal(request, error)


@api.exception_handler(Busy)
@api.exception_handler(OutcomeUnknown)
@api.exception_handler(RecordUnavailable)
def _troubled(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.of_trouble(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which fields, and what is wrong with each; never what was sent."""
    errors = [
        {
            "field": ".".join(str(part) for part in one["loc"][1:] if part != "data"),
            "code": one["type"],
        }
        for one in error.errors
    ]
    title = "The request is not as the API's document says."
    return problems.problem(
        request, HTTPStatus.BAD_REQUEST, "invalid_request", title, errors=errors
    )


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problems.problem(request, HTTPStatus.UNAUTHORIZED, "key_unknown", "Send your key.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    # What our parser refuses comes wrapped.
    if isinstance(error.__cause__, Refusal):
        return problems.of_refusal(request, error.__cause__)
    return problems.problem(request, error.status_code, "http_error", str(error))


def make_urls() -> Any:
    """The addresses of the API; its middleware has asked for a key before, so each is open."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if pattern.callback is not None:
            open_to_all(pattern.callback)
    return patterns, app_name, namespace
