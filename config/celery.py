"""Celery is only the bell: what must be done stands in the outbox."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from kombu.transport import redis

from audit.actor import current_request_id, name_request, new_request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("comptoir")
logger = logging.getLogger(__name__)

# Also what Python itself warns of is a line.
logging.captureWarnings(True)

REQUEST = "comptoir_request"
"""The header that carries the id of the request from whoever rings to whoever runs."""


def configure() -> None:
    """Take what the settings say; the tests call it again for another broker."""
    broker = settings.CELERY_BROKER_URL
    options: dict[str, object] = {}
    if broker.startswith("filesystem://"):
        folder = settings.CELERY_BROKER_FOLDER
        for name in ("queue", "control", "processed"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        options = {
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
            "processed_folder": str(folder / "processed"),
            "store_processed": False,
            "polling_interval": 0.2,
        }
    elif broker.startswith("redis"):
        # A ring that is lost is rung again by the clock, so Redis need not remember who has it. And
        # a worker that loses its broker must not try to give its rings back: it has no connection
        # to do that with, and would end (kombu 5.7).
        options = {"ack_emulation": False}
        redis.Channel.do_restore = False
    app.conf.update(
        broker_url=broker,
        broker_transport_options=options,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=1.0,
        task_ignore_result=True,
        task_default_queue="comptoir",
        worker_hijack_root_logger=False,
        timezone="UTC",
        beat_schedule_filename=str(settings.VAR_DIR / "beat"),
        beat_schedule=settings.BEAT_SCHEDULE,
    )


configure()
app.autodiscover_tasks()


@signals.setup_logging.connect
def _leave_the_lines_alone(**_: Any) -> None:
    """Worker and beat speak through the settings' LOGGING, as the web does."""


@signals.before_task_publish.connect
def _carry_request(headers: dict[str, Any], **_: Any) -> None:
    headers.setdefault(REQUEST, current_request_id() or new_request_id())


@signals.task_prerun.connect
def _name_request(task: Any, **_: Any) -> None:
    name_request(getattr(task.request, REQUEST, None) or new_request_id())


@signals.task_postrun.connect
def _forget_request(**_: Any) -> None:
    name_request("")


@signals.worker_ready.connect
def _say_worker(**_: Any) -> None:
    logger.info("the worker is ready")


@signals.beat_init.connect
def _say_beat(**_: Any) -> None:
    logger.info("the beat begins")
