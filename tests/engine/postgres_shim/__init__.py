"""`config.cockroachdb` talking to a plain PostgreSQL on which `shim.sql` was run.

Django still believes in CockroachDB; only what PostgreSQL cannot do is put back.
"""
