"""The parameters of a postback: names and order (Liftoff: Analytics S2S)."""

from typing import Final

REQUIRED: Final = (
    "liftoff_app_id",
    "client_ip",
    "event_name",
    "event_timestamp",
    "language",
    "device_model",
    "platform",
)
IDENTIFIERS: Final = ("user_id", "idfv", "device_id")  # at least one of them must be there
OPTIONAL: Final = (
    "user_agent",
    "app_version",
    "bundle_id",
    "os_version",
    "revenue",
    "currency_code",
    "is_first_event",
    "install_timestamp",
    "test_mode",
)
PARAMETERS: Final = (*REQUIRED, *IDENTIFIERS, *OPTIONAL)
# What a template asks of AppsFlyer's fields besides stands under this prefix and the field's name.
FIELD_PREFIX: Final = "appsflyer:"
