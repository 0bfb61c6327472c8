"""Who does what the outbox holds, by the name of the task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., None])

handlers: dict[str, Callable[..., None]] = {}
mourners: dict[str, Callable[..., None]] = {}
"""What is to be done when a message of a task has died."""


class TryAgain(Exception):
    """Not now: the message goes back and waits. `reason` is for people, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def handler(task: str) -> Callable[[F], F]:
    """Register the function that runs `task`. It may run twice: its commands carry keys."""

    def register(function: F) -> F:
        if task in handlers:
            raise ValueError(f"{task} has a handler already")
        handlers[task] = function
        return function

    return register


def find_handler(task: str) -> Callable[..., Any] | None:
    """The function for a task, or None when no installed app has one."""
    return handlers.get(task)


def when_dead(task: str) -> Callable[[F], F]:
    """Register what tells those who wait that a message of `task` has died. It may run twice."""

    def register(function: F) -> F:
        mourners[task] = function
        return function

    return register
