"""gunicorn's settings: synchronous processes on loopback, behind whatever ends TLS."""

import gc
import os
from typing import Any

from deploy.lifetime import end_with

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "sync"
# Loaded once and forked: a quicker start, and less memory.
preload_app = True
# No page waits for a provider; an export may take its time.
timeout = 60
graceful_timeout = 30
keepalive = 5
# Replaced now and then, not all at once.
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# Who is in front is said by TRUSTED_PROXY_COUNT, not by whoever sends a header.
forwarded_allow_ips = ""
# Each request is a line of our own, with its id and route; an address may hold a one-time key.
accesslog = None
proc_name = "comptoir"
# It would lie in the home of whoever starts it.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """The counts of processes that are gone are kept, in one file."""
    from audit.health.exposition import fold_the_dead

    fold_the_dead()


def when_ready(server: Any) -> None:
    """What was loaded stays: the collector of the workers need not walk through it again and again,
    nor touch, and so copy, the memory they share."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A worker would notice only after half its timeout that its master was killed."""
    end_with(worker.ppid)
