"""The base of what is ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models.signals import post_init, pre_init

from audit.owned import OwnedModel

OWNED = [one for one in apps.get_models() if issubclass(one, OwnedModel)]
EACH = pytest.mark.parametrize("model", OWNED, ids=lambda one: one._meta.label)


def made_by_django(model: Any, names: list[str], values: list[Any]) -> Any:
    return models.Model.from_db.__func__(model, "default", names, values)  # type: ignore[attr-defined]


@EACH
def test_a_row_becomes_what_django_makes_of_it(model: Any) -> None:
    names = [field.attname for field in model._meta.concrete_fields]
    values = [object() for _ in names]
    ours, theirs = model.from_db("default", names, values), made_by_django(model, names, values)
    assert type(ours) is type(theirs) is model
    state, their_state = ours.__dict__.pop("_state"), theirs.__dict__.pop("_state")
    assert list(ours.__dict__.items()) == list(theirs.__dict__.items())
    assert type(state) is type(their_state)
    for name in ("adding", "db", "fields_cache"):
        assert getattr(state, name) == getattr(their_state, name)


@EACH
def test_a_row_in_part_is_deferred_as_django_does_it(model: Any) -> None:
    ours = model.from_db("default", ["id"], ["some"])
    names = {field.attname for field in model._meta.concrete_fields}
    assert ours.get_deferred_fields() == names - {"id"}


@EACH
def test_nobody_waits_for_signals_that_are_not_sent(model: Any) -> None:
    assert not pre_init.has_listeners(model)
    assert not post_init.has_listeners(model)
    assert model.__init__ is models.Model.__init__
