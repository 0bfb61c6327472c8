from django_cockroachdb.features import DatabaseFeatures as StockFeatures


class DatabaseFeatures(StockFeatures):  # type: ignore[misc]
    # Waits for django-cockroachdb PR 329: a type change that rewrites the column may not share
    # its ALTER TABLE with another action.
    supports_combined_alters = False

    # Waits for django-cockroachdb PR 331: our schema editor indexes them.
    indexes_foreign_keys = True

    # Waits for django-cockroachdb issue 264: indexes that grow at one end are spread over buckets.
    supports_hash_sharded_indexes = True
    hash_sharded_bucket_count = 8
