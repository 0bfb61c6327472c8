from collections.abc import Callable
from dataclasses import dataclass

from .behaviours import BEHAVIOURS
from .calls import Call, Question, View
from .cards import find_card
from .events import get_event, list_events
from .operations.authorizations import authorize
from .operations.captures import capture, get_capture, list_captures
from .operations.holds import get_authorization
from .operations.increments import get_increment, increment, list_increments
from .operations.refunds import get_refund, list_refunds, refund_authorization, refund_capture
from .operations.voids import get_void, list_voids, void, void_capture
from .routing import Route, make_route, match_route
from .settling import get_operation
from .totals import get_totals

PART = frozenset({"amount", "reference", "occurred_at"})
VOID = PART - {"amount"}
CAPTURE = PART | {"final"}
WHOLE = PART | {"currency", "card", "capture"}


def get_card(question: Question) -> View:
    return find_card(question.target).view()


def list_cards(question: Question) -> View:
    return {"data": [find_card(token).view() for token in BEHAVIOURS]}


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes something; `operation` is the name faults know it by."""

    operation: str
    run: Callable[[Call], View]
    fields: frozenset[str] = PART


@dataclass(frozen=True, slots=True)
class Read:
    run: Callable[[Question], View]
    operation: str = "retrieve"


def _route(method: str, path: str, does: Write | Read) -> Route[Write | Read]:
    return make_route(method, path, does)


AUTHORIZATION = "/v1/authorizations/<id>"

ROUTES = (
    _route("POST", "/v1/authorizations", Write("authorize", authorize, WHOLE)),
    _route("POST", f"{AUTHORIZATION}/captures", Write("capture", capture, CAPTURE)),
    _route("POST", f"{AUTHORIZATION}/increments", Write("increment", increment)),
    _route("POST", f"{AUTHORIZATION}/void", Write("void", void)),
    _route("POST", f"{AUTHORIZATION}/refunds", Write("refund", refund_authorization)),
    _route("POST", "/v1/captures/<id>/refunds", Write("refund", refund_capture)),
    _route("POST", "/v1/captures/<id>/void", Write("void_capture", void_capture, VOID)),
    _route("GET", AUTHORIZATION, Read(get_authorization)),
    _route("GET", f"{AUTHORIZATION}/captures", Read(list_captures)),
    _route("GET", f"{AUTHORIZATION}/increments", Read(list_increments)),
    _route("GET", f"{AUTHORIZATION}/voids", Read(list_voids)),
    _route("GET", f"{AUTHORIZATION}/refunds", Read(list_refunds)),
    _route("GET", "/v1/captures/<id>", Read(get_capture)),
    _route("GET", "/v1/increments/<id>", Read(get_increment)),
    _route("GET", "/v1/voids/<id>", Read(get_void)),
    _route("GET", "/v1/refunds/<id>", Read(get_refund)),
    _route("GET", "/v1/cards", Read(list_cards)),
    _route("GET", "/v1/cards/<id>", Read(get_card)),
    _route("GET", "/v1/events", Read(list_events)),
    _route("GET", "/v1/events/<id>", Read(get_event)),
    _route("GET", "/v1/operations", Read(get_operation)),
    _route("GET", "/v1/totals", Read(get_totals)),
)
OPERATIONS = frozenset(route.does.operation for route in ROUTES)


def find_route(method: str, path: str) -> tuple[Write | Read, str]:
    """What a request does and the id in its path."""
    return match_route(ROUTES, method, path)
