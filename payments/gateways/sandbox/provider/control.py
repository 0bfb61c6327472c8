"""The tester's side: what no real provider lets you do."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from .calls import Question, View, get_row
from .clock import stamp
from .deliveries import add_delivery, list_deliveries
from .errors import CallError
from .faults import LONGEST_S, Kind, make_fault
from .fields import Fields
from .manners import FOR_A_STORED_EVENT, FOR_THE_NEXT, Manner
from .operations.authorizations import resolve
from .parts import Parts
from .routes import OPERATIONS
from .routing import make_route, match_route

MOST_TIMES = 10_000
CENTURY_S = 100 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Command:
    parts: Parts
    target: str
    fields: Fields
    query: dict[str, str]

    def times(self) -> int:
        times = self.fields.number("times", 1, MOST_TIMES)
        if times != int(times) or times < 1:
            raise CallError(422, "times_invalid", "The field times is a whole number above zero.")
        return int(times)


@dataclass(frozen=True, slots=True)
class Control:
    run: Callable[[Command], View]
    fields: Collection[str] = ()


def get_clock(command: Command) -> View:
    return {"object": "clock", "now": stamp(command.parts.clock.now())}


def move_clock(command: Command) -> View:
    """Move the time forward and let happen what falls due; 0 seconds for only the latter."""
    clock = command.parts.clock
    to = command.fields.instant("to")
    step = timedelta(seconds=command.fields.number("seconds", 0, CENTURY_S))
    clock.advance(to - clock.now() if to is not None else step)
    command.parts.plans.run_due()
    return get_clock(command)


def list_faults(command: Command) -> View:
    return {"data": command.parts.faults.armed()}


def arm_fault(command: Command) -> View:
    """Let the next calls of an operation go wrong."""
    fields = command.fields
    operation = fields.choice("operation", OPERATIONS | {"any"}, default="any")
    kind = fields.choice("fault", [kind.value for kind in Kind])
    seconds = fields.number("seconds", -1, LONGEST_S) if fields.has("seconds") else None
    command.parts.faults.arm(operation, make_fault(kind, seconds), command.times())
    return list_faults(command)


def disarm_faults(command: Command) -> View:
    command.parts.faults.disarm()
    return list_faults(command)


def list_manners(command: Command) -> View:
    return {"data": command.parts.sender.armed()}


def arm_manner(command: Command) -> View:
    """Let the next events arrive in an unusual way."""
    manner = Manner(command.fields.choice("manner", FOR_THE_NEXT))
    seconds = command.fields.number("seconds", 5, LONGEST_S)
    command.parts.sender.arm(manner, command.times(), seconds)
    return list_manners(command)


def disarm_manners(command: Command) -> View:
    command.parts.sender.disarm()
    return list_manners(command)


def deliver(command: Command) -> View:
    """Deliver stored events now, in the order given, quiet ones too."""
    events = command.fields.names("events")
    manner = Manner(command.fields.choice("manner", FOR_A_STORED_EVENT, default=Manner.PLAIN))
    seconds = command.fields.number("seconds", 5, LONGEST_S)
    with command.parts.store.writing() as db:
        for event in events:
            get_row(db, "events", event)
            add_delivery(db, event, manner, delay_s=seconds)
    return {"object": "deliveries", "events": events, "manner": manner.value}


def show_deliveries(command: Command) -> View:
    parts = command.parts
    with parts.store.reading() as db:
        return list_deliveries(Question(db, "", command.query, parts.clock.now(), parts.keys.holds))


def resolve_authorization(command: Command) -> View:
    """What the cardholder does in the challenge, or the issuer after thinking it over."""
    parts = command.parts
    outcome = command.fields.choice(
        "outcome", ("by_token", "approved", "declined"), default="by_token"
    )
    at, quiet = parts.moment_of(command.fields)
    with parts.store.writing() as db:
        return resolve(db, command.target, outcome, at=at, quiet=quiet)


ROUTES = (
    make_route("GET", "/control/clock", Control(get_clock)),
    make_route("POST", "/control/clock", Control(move_clock, {"seconds", "to"})),
    make_route("GET", "/control/faults", Control(list_faults)),
    make_route(
        "POST",
        "/control/faults",
        Control(arm_fault, {"operation", "fault", "times", "seconds"}),
    ),
    make_route("DELETE", "/control/faults", Control(disarm_faults)),
    make_route("GET", "/control/webhooks", Control(list_manners)),
    make_route("POST", "/control/webhooks", Control(arm_manner, {"manner", "times", "seconds"})),
    make_route("DELETE", "/control/webhooks", Control(disarm_manners)),
    make_route("GET", "/control/deliveries", Control(show_deliveries)),
    make_route("POST", "/control/deliveries", Control(deliver, {"events", "manner", "seconds"})),
    make_route(
        "POST",
        "/control/authorizations/<id>/resolve",
        Control(resolve_authorization, {"outcome", "occurred_at"}),
    ),
)


def run_control(parts: Parts, method: str, path: str, query: dict[str, str], body: bytes) -> View:
    control, target = match_route(ROUTES, method, path)
    return control.run(Command(parts, target, Fields.read(body, control.fields), query))
