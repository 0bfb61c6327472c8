"""Who may see a job, stop it, and fetch what came of it. Pure."""

from __future__ import annotations

from audit.actor import Actor
from audit.jobs.models import Job

SEE_ALL = "jobs.view_job"
STOP_ALL = "jobs.stop_job"


def is_mine(actor: Actor, job: Job) -> bool:
    """Whether it was he who asked."""
    return actor.user_id is not None and actor.user_id == job.asked_by_id


def is_visible(actor: Actor, job: Job) -> bool:
    """Whoever asked, and who looks after all of them. Its insides and its file are his alone."""
    return is_mine(actor, job) or actor.may(SEE_ALL)


def may_stop(actor: Actor, job: Job) -> bool:
    """Whoever asked, and who looks after all of them."""
    return is_mine(actor, job) or actor.may(STOP_ALL)


def may_run(actor: Actor, permissions: tuple[str, ...]) -> bool:
    """Whether somebody holds what a kind of job asks for."""
    return all(actor.may(one) for one in permissions)
