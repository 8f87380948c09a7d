"""Postbacks for people's eyes: what says something of a person is masked, in whatever template it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from etl.appsflyer.masking import mask_ids, mask_text
from etl.liftoff.templates import Template

# What is shown as it is, unless an id stands in it. It fails closed: whatever is not named here is masked.
SHOWN: Final = frozenset(
    {
        *(
            "liftoff_app_id",
            "event_name",
            "event_timestamp",
            "language",
            "device_model",
            "platform",
            "app_version",
        ),
        *(
            "bundle_id",
            "os_version",
            "revenue",
            "currency_code",
            "is_first_event",
            "install_timestamp",
            "test_mode",
        ),
    }
)
# These are Liftoff's own id of the app and numbers of 13 digits; an id is not looked for in them.
_NO_IDS: Final = frozenset({"liftoff_app_id", "event_timestamp", "install_timestamp"})
_MASK = re.compile(r"%3Cmasked%3A(\d+)%3E")


def mask_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Mask a postback's parameters."""
    return {name: _mask(name, value) for name, value in parameters.items()}


def show_url(template: Template, parameters: Mapping[str, str]) -> str:
    """Give the URL that a postback would have, with its parameters masked."""
    return _MASK.sub(r"<masked:\1>", template.fill(mask_parameters(parameters)))


def _mask(name: str, value: str) -> str:
    if name in _NO_IDS:
        return value
    return mask_ids(value) if name in SHOWN else mask_text(value)
