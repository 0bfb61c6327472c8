"""The whole API, fuzzed from its own document: no 500, and every answer is as the document says.

Each operation gets what covers every part of its description, and `FUZZ_EXAMPLES` requests by
chance (few, and the same ones each time, without it).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from config.api.root import api
from payments.proofs import payments_off
from tests.api.conftest import Shop, Work

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.ignored_auth,
]
"""Not `positive_data_acceptance`: a document cannot say which cards there are."""
CONFIG = SchemathesisConfig.from_dict({"generation": {"mode": "all"}})
DOCUMENT: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
OPERATIONS = [(path, method) for path, one in DOCUMENT["paths"].items() for method in one]


@pytest.fixture
def fuzzed(shop: Shop, settings: Settings) -> Any:
    """The API as it runs, with a key that may do everything."""
    settings.API_RATE_PER_S, settings.API_BURST = 1e6, 1_000_000
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app=_app, config=CONFIG)


def _app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """As Django's own test client has it: the end of a request does not end the test's data."""
    with _connection_kept():
        answer = get_wsgi_application()(environ, start_response)
        content = b"".join(answer)
        answer.close()
    return [content]


@contextmanager
def _connection_kept() -> Iterator[None]:
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


def ids_of(shop: Shop, work: Work) -> dict[str, str]:
    """Something for each name in an address, so that an operation gets behind its first look."""
    made = shop.pay(capture_method="manual").json()
    refunded = shop.call("POST", "/refunds", {"payment": made["id"]})
    return {
        "payment_id": made["id"],
        "customer_id": str(shop.customer.pk),
        "card_id": str(shop.card.pk),
        "refund_id": refunded.json().get("id", made["id"]),
    }


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[" ".join(o) for o in OPERATIONS])
def test_answers_are_as_the_document_says(
    fuzzed: Any, shop: Shop, work: Work, path: str, method: str
) -> None:
    operation = fuzzed[path][method]
    ids = ids_of(shop, work)
    headers = {"Authorization": f"Bearer {shop.secret}"}
    generation = CONFIG.projects.get_default().generation_for(operation=operation)

    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    for case in fuzzed.iter_coverage_cases(
        operation, generation_modes=modes, generation_config=generation
    ):
        ask(case)

    @given(
        case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]),
        real=st.booleans(),
    )
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def by_chance(case: schemathesis.Case[Any], real: bool) -> None:
        is_good = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
        if real and is_good and case.path_parameters:
            case.path_parameters = {
                name: ids.get(name, value) for name, value in case.path_parameters.items()
            }
        ask(case)

    by_chance()
    assert list(payments_off()) == []
