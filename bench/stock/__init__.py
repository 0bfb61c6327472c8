"""What most would build: stock Django on PostgreSQL, django-auditlog, `save()`."""
