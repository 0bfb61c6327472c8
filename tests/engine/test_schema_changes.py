"""Migrations of a table that is already there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection, models

pytestmark = pytest.mark.django_db(transaction=True)

AnyModel = type[models.Model]
OWN_INDEX = re.compile(r"engine_pet_owner_id_[0-9a-f]{8}")
OWNER_AND_NAME = ["owner", "name"]
UNIQUE = models.UniqueConstraint(fields=OWNER_AND_NAME, name="pet_owner_name")
INDEX = models.Index(fields=OWNER_AND_NAME, name="pet_owner_name_idx")


def pet(
    *, db_index: bool = True, name: models.Field[Any, Any] | None = None, **options: Any
) -> AnyModel:
    """The model as one state of the migrations has it."""
    registry = Apps()
    meta = {"app_label": "engine", "apps": registry}
    owner = type("Owner", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), meta)})
    body = {
        "__module__": __name__,
        "Meta": type("Meta", (), {**meta, **options}),
        "owner": models.ForeignKey(owner, models.PROTECT, related_name="+", db_index=db_index),
        "name": name or models.TextField(),
    }
    return type("Pet", (models.Model,), body)


@pytest.fixture(autouse=True)
def dropped_tables(transactional_db: None) -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE engine_pet; DROP TABLE engine_owner")


def created(model: AnyModel) -> AnyModel:
    with connection.schema_editor() as editor:
        editor.create_model(owner_of(model))
        editor.create_model(model)
    return model


def field_of(model: AnyModel, name: str) -> Any:
    return model._meta.get_field(name)


def owner_of(model: AnyModel) -> Any:
    return field_of(model, "owner").related_model


def placed(field: Any, model: AnyModel, name: str) -> None:
    field.set_attributes_from_name(name)
    field.model = model


def alter(before: AnyModel, after: AnyModel, name: str) -> None:
    with connection.schema_editor() as editor:
        editor.alter_field(before, field_of(before, name), field_of(after, name))


def indexes_led_by(column: str) -> list[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "engine_pet")
    return [
        name
        for name, told in found.items()
        if (told["index"] or told["unique"]) and told["columns"][0] == column
    ]


def owner_indexes() -> list[str]:
    return indexes_led_by("owner_id")


def is_own(names: list[str]) -> bool:
    return len(names) == 1 and OWN_INDEX.fullmatch(names[0]) is not None


def test_text_becomes_json_and_keeps_its_value() -> None:
    before = created(pet())
    owner = owner_of(before).objects.create()
    before._base_manager.create(owner=owner, name='{"called": "Rex"}')
    after = pet(name=models.JSONField())
    alter(before, after, "name")
    assert after._base_manager.get().name == {"called": "Rex"}  # type: ignore[attr-defined]


def test_type_change_shares_its_statement_with_no_other_change() -> None:
    before = created(pet())
    after = pet(name=models.JSONField(null=True))
    with connection.schema_editor(collect_sql=True) as editor:
        editor.alter_field(before, field_of(before, "name"), field_of(after, "name"))
    assert [sql.partition(" ALTER COLUMN ")[2] for sql in editor.collected_sql] == [
        '"name" TYPE jsonb USING "name"::jsonb;',
        '"name" DROP NOT NULL;',
    ]


def test_foreign_key_gets_its_own_index() -> None:
    created(pet())
    assert is_own(owner_indexes())


def test_foreign_key_declared_without_an_index_gets_one_all_the_same() -> None:
    created(pet(db_index=False))
    assert is_own(owner_indexes())


@pytest.mark.parametrize(
    "options",
    [{"constraints": [UNIQUE]}, {"indexes": [INDEX]}, {"unique_together": [OWNER_AND_NAME]}],
    ids=lambda options: next(iter(options)),
)
def test_foreign_key_that_leads_another_index_gets_none_of_its_own(
    options: dict[str, Any],
) -> None:
    created(pet(**options))
    assert len(owner_indexes()) == 1
    assert not is_own(owner_indexes())


def test_foreign_key_is_indexed_when_the_constraint_it_led_goes() -> None:
    before = created(pet(constraints=[UNIQUE]))
    with connection.schema_editor() as editor:
        editor.remove_constraint(before, UNIQUE)
    assert is_own(owner_indexes())


def test_foreign_key_is_indexed_when_the_index_it_led_goes() -> None:
    before = created(pet(indexes=[INDEX]))
    with connection.schema_editor() as editor:
        editor.remove_index(before, INDEX)
    assert is_own(owner_indexes())


def test_foreign_key_is_indexed_when_the_unique_together_it_led_goes() -> None:
    created(pet(unique_together=[OWNER_AND_NAME]))
    with connection.schema_editor() as editor:
        editor.alter_unique_together(pet(), [OWNER_AND_NAME], [])
    assert is_own(owner_indexes())


def test_foreign_key_keeps_its_one_index_when_what_it_led_comes_and_goes() -> None:
    created(pet())
    after = pet(constraints=[UNIQUE])
    with connection.schema_editor() as editor:
        editor.add_constraint(after, UNIQUE)
        editor.remove_constraint(after, UNIQUE)
    assert is_own(owner_indexes())


@pytest.mark.parametrize("db_index", [True, False])
def test_foreign_key_keeps_its_one_index_whatever_becomes_of_db_index(db_index: bool) -> None:
    before = created(pet(db_index=db_index))
    alter(before, pet(db_index=not db_index), "owner")
    assert is_own(owner_indexes())


def test_number_that_becomes_a_foreign_key_is_indexed() -> None:
    before, after = created(pet()), pet(db_index=False)
    number: Any = models.BigIntegerField(db_column="owner_id")
    placed(number, before, "owner")
    with connection.schema_editor() as editor:
        editor.alter_field(before, field_of(before, "owner"), number)
        editor.alter_field(before, number, field_of(after, "owner"))
    assert is_own(owner_indexes())


def test_renamed_foreign_key_keeps_its_one_index() -> None:
    before = created(pet())
    renamed: Any = models.ForeignKey(owner_of(before), models.PROTECT, related_name="+")
    placed(renamed, before, "keeper")
    with connection.schema_editor() as editor:
        editor.alter_field(before, field_of(before, "owner"), renamed)
    assert len(indexes_led_by("keeper_id")) == 1
