"""A word on what was done, with the way back beside it. For what can be taken back; never money."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest


def told(request: HttpRequest, words: Any, undo_url: str) -> None:
    """Say what was done; the button beside it sends a POST to `undo_url`."""
    messages.success(request, words, extra_tags=undo_url)
