from typing import Any, ClassVar

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from config.cockroachdb import base, features, introspection, schema


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    # CockroachDB drops a unique constraint by its index.
    sql_delete_unique = BaseDatabaseSchemaEditor.sql_delete_unique


class DatabaseFeatures(features.DatabaseFeatures):
    supports_hash_sharded_indexes = False


class DatabaseIntrospection(introspection.DatabaseIntrospection):
    index_default_access_method = "btree"


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection

    # CockroachDB's integer is 64 bits wide.
    data_types: ClassVar[dict[str, Any]] = {
        **base.DatabaseWrapper.data_types,
        "AutoField": "bigint",
        "BigAutoField": "bigint",
        "IntegerField": "bigint",
        "PositiveIntegerField": "bigint",
    }

    # What CockroachDB answers when asked for its PostgreSQL version.
    pg_version = 130000
