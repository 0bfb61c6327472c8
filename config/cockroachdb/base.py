from typing import Any

from django.conf import settings
from django_cockroachdb import base as stock

from .features import DatabaseFeatures
from .introspection import DatabaseIntrospection
from .operations import DatabaseOperations
from .pipeline import PipelinedWrapper
from .schema import DatabaseSchemaEditor

ISOLATION = "default_transaction_isolation"


class DatabaseWrapper(PipelinedWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """Ask for SERIALIZABLE when the connection opens, unless the settings name a level.

        Django's own `isolation_level` reaches only atomic blocks, and since v24.1 a cluster may
        make READ COMMITTED its default, so a statement outside a block would run weaker.
        """
        params: dict[str, Any] = super().get_connection_params()
        options = params.get("options", "")
        if ISOLATION not in options:
            params["options"] = f"{options} -c {ISOLATION}=serializable".strip()
        return params

    def init_connection_state(self) -> None:
        # The stock engine counts its installations on the first connection of a process unless
        # told not to. Ours does so only when told to.
        if getattr(settings, "DISABLE_COCKROACHDB_TELEMETRY", True):
            stock.RAN_TELEMETRY_QUERY = True
        super().init_connection_state()
