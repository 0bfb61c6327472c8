"""What a job of each kind does. The app that knows registers it in `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.files import Stored
from audit.jobs.models import Job


def folder_of(job: Job) -> str:
    """Where the private files of a job are: gone when it fails, is stopped, or its time is over."""
    return f"jobs/{job.pk.hex}"


def parts_of(job: Job) -> str:
    """The folder of its unfinished work: gone when it is over."""
    return f"{folder_of(job)}/parts"


class JobFailed(Exception):
    """It cannot go on and trying again would not help. `code` is a key of the kind's `errors`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class JobFile:
    """What came of a job, to be fetched by whoever asked for it."""

    stored: Stored
    title: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Slice:
    """How far a job is after one slice. `done` counts from the beginning."""

    done: int
    state: dict[str, Any]
    is_over: bool = False
    total: int | None = None
    file: JobFile | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page of a job shows of its insides: a template, its words, and the rows it shows."""

    template: str
    context: Mapping[str, Any]
    shown: list[models.Model]


@dataclass(frozen=True, slots=True)
class JobKind:
    """`run` does one slice of some seconds, acting as the person who asked, and may run twice.

    Whoever asked must hold the `permissions` still whenever a slice begins, and to fetch the file.
    """

    label: Any
    permissions: tuple[str, ...]
    run: Callable[[Job], Slice]
    errors: Mapping[str, Any] = field(default_factory=dict)
    panel: Callable[[Job], Panel] | None = None
    back: Callable[[Job], str] | None = None
    """The page that it was asked from."""


kinds: dict[str, JobKind] = {}

ERRORS: dict[str, Any] = {
    "died": _("It broke off again and again. An administrator can start it anew."),
    "not_allowed": _("Whoever asked for it may not do this any more."),
}


def find_kind(kind: str) -> JobKind | None:
    """What was registered, or None for a kind that no installed app knows."""
    return kinds.get(kind)


def label_of(kind: str) -> Any:
    """A kind in words; its code where nobody has any."""
    known = kinds.get(kind)
    return known.label if known else kind


def error_words(job: Job) -> Any:
    """Why a job failed, in words; nothing when it did not."""
    known = kinds.get(job.kind)
    words = {**ERRORS, **(known.errors if known else {})}
    return words.get(job.error, job.error)
