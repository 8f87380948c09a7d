"""Print what Airflow knows of the type "Liftoff" as one line of JSON; run in a process of its own."""

import json
import sys

from airflow.api_fastapi.core_api.datamodels.connections import ConnectionResponse
from airflow.providers_manager import ProvidersManager

FILLED_IN = "a-value-that-nobody-may-see"

if __name__ == "__main__":
    manager = ProvidersManager()  # type: ignore[no-untyped-call] # Airflow's
    hook = manager.hooks["liftoff"]
    fields = {
        widget.field_name: widget.is_sensitive
        for name, widget in manager.connection_form_widgets.items()
        if name.startswith("extra__liftoff__")
    }
    shown = ConnectionResponse.redact_extra(json.dumps(dict.fromkeys(fields, FILLED_IN)))
    found = {
        "hook": hook and [hook.hook_class_name, hook.hook_name, hook.connection_id_attribute_name],
        "fields": fields,
        "behaviour": manager.field_behaviours["liftoff"],
        "shown": json.loads(shown or "{}"),
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")
