"""What the database itself says of its constraints; nothing of Django's opinion."""

from typing import Any

FOREIGN_KEYS = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"

# A partial index or one on an expression does not find every row of a key.
FOREIGN_KEYS_WITHOUT_INDEX = """
    SELECT c.conrelid::regclass::text || '.' || a.attname
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL
    )
    ORDER BY 1
"""

DEFERRABLE = "SELECT conname FROM pg_constraint WHERE condeferrable ORDER BY 1"


def column(cursor: Any, query: str) -> list[Any]:
    cursor.execute(query)
    return [row[0] for row in cursor.fetchall()]
