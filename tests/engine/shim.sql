-- What CockroachDB has and PostgreSQL has not. Found before pg_catalog by the search path.
CREATE SCHEMA crdb_internal;
CREATE SEQUENCE crdb_internal.rowid;

-- Like the real one: grows with time and is far above 2^53, the last whole number JavaScript knows.
CREATE FUNCTION public.unique_rowid() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT ((extract(epoch FROM clock_timestamp()) * 100000)::bigint << 15)
        | (nextval('crdb_internal.rowid') % 32768)
$$;

CREATE FUNCTION public.version() RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'CockroachDB shim v26.2.0 over ' || pg_catalog.version()
$$;

CREATE TABLE crdb_internal.feature_counter (feature text NOT NULL);

CREATE FUNCTION crdb_internal.increment_feature_counter(feature text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    INSERT INTO crdb_internal.feature_counter VALUES (feature) RETURNING true
$$;
