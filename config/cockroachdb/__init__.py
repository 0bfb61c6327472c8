"""The database engine: django-cockroachdb and the fixes we need until they land upstream.

Named in settings as `config.cockroachdb`; PostgreSQL and SQLite never load it. A test holds the
upstream version these fixes were written against, so that an upgrade makes us look at them again.
"""
