"""Celery is only the bell: what must be done stands in the outbox."""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("comptoir")


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
