import argparse
import os
import sqlite3
import sys
import threading
import time
import traceback
from pathlib import Path

from .clock import Clock
from .errors import StartError
from .faults import Faults
from .idempotency import KeysInFlight
from .lifetime import end_on_signals, end_with_parent
from .operations.authorizations import expire_when_due, resolve_when_due
from .operations.refunds import fail_when_due
from .parts import Parts
from .plans import Plans
from .provider import Provider
from .sender import Sender, Target
from .server import HOST, Server
from .store import Store

LOOK_S = 0.5
# The schedule that Standard Webhooks recommends, after two quick tries for a receiver
# that is only just starting.
BACKOFF_S = (1, 5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)

ACTIONS = {
    "authorization_resolves": resolve_when_due,
    "authorization_expires": expire_when_due,
    "refund_fails": fail_when_due,
}


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox-provider", description="A payment provider for demos and tests."
    )
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--store", type=Path, default=Path("var/sandbox.sqlite3"))
    parser.add_argument("--webhook-url", help="where events are delivered; without it nowhere")
    parser.add_argument(
        "--webhook-secret",
        action="append",
        default=[],
        help="whsec_…; several during a rotation, each signs",
    )
    parser.add_argument(
        "--webhook-backoff",
        type=_seconds,
        default=BACKOFF_S,
        help="seconds between the attempts of a delivery, with commas",
    )
    parser.add_argument("--access-log", action="store_true", help="one line a request on stderr")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when the starting process is gone"
    )
    return parser.parse_args(arguments)


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def build(options: argparse.Namespace) -> tuple[Server, Parts]:
    """Everything but the threads; raises StartError."""
    target = None
    if options.webhook_url:
        target = Target(options.webhook_url, options.webhook_secret)
    store = Store(options.store)
    clock = Clock(store)
    parts = Parts(
        store=store,
        clock=clock,
        faults=Faults(),
        keys=KeysInFlight(),
        sender=Sender(store, target, tuple(options.webhook_backoff)),
        plans=Plans(store, clock, ACTIONS),
    )
    return Server(options.port, Provider(parts), access_log=options.access_log), parts


def keep_plans(parts: Parts) -> None:
    """Run what falls due on the real clock."""
    while True:
        time.sleep(LOOK_S)
        try:
            if parts.plans.run_due():
                parts.sender.wake()
        except sqlite3.Error:
            traceback.print_exc()


def main(arguments: list[str]) -> int:
    options = read_arguments(arguments)
    end_on_signals()
    if options.exit_with_parent:
        end_with_parent()
    try:
        server, parts = build(options)
    except StartError as error:
        sys.stderr.write(f"sandbox-provider: {error}\n")
        return 2
    threading.Thread(target=keep_plans, args=(parts,), name="plans", daemon=True).start()
    parts.sender.start()
    sys.stdout.write(f"sandbox-provider: listening on http://{HOST}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    finally:
        parts.store.close()
    return 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    # Threads may sleep in a fault or in a delivery: nobody waits for them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
