import os

from tests.plugins.postgres import ENGINE

# These ask no database, so once is enough.
if os.environ.get("DATABASE_ENGINE") == ENGINE:
    collect_ignore_glob = ["test_*.py"]
