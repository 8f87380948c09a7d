"""A shop whose purchases were never told to Liftoff: ingested events, and a configuration to send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, list_plans
from etl.ledger.progress import count_states
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Settings, load_settings
from tests.services.worlds import Row, World, message

APP: Final = "id1234567890"
DAY: Final = (datetime.now(UTC) - timedelta(days=2)).date()


@dataclass(frozen=True, slots=True)
class Shop:
    """Where it all is, and how many purchases there are."""

    config: Path
    variables: dict[str, str]
    purchases: int

    @property
    def settings(self) -> Settings:
        """Its configuration."""
        return load_settings(self.config)

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return open_current_ledger(self.settings.storage.ledger)

    @property
    def plans(self) -> list[Plan]:
        """Its plans, oldest first."""
        return list_plans(self.ledger)

    def ask(self, **changes: object) -> dict[str, Any]:
        """Fill in the form for the shop's day."""
        return {"app_id": APP, "first_day": str(DAY), "last_day": str(DAY), "reason": "a test", **changes}

    def count(self) -> dict[str, int]:
        """Count the rows of the last plan by state."""
        return count_states(self.ledger, self.plans[-1].id)


def purchase(number: int) -> Row:
    """Make a purchase that Liftoff would take."""
    at = f"{DAY} 12:{number // 60 % 60:02d}:{number % 60:02d}.{number % 1000:03d}"
    return message(
        number,
        event_time=at,
        event_time_selected_timezone=f"{at}+0000",
        install_time=f"{DAY} 10:00:00.000",
        ip=f"2001:db8::{number + 1:x}",
        language="English",
        device_type="iPhone15,2",
        idfv=f"6F9619FF-8B86-D011-B42D-{number:012X}",
        bundle_id="com.example.ios",
        event_value=json.dumps({"n": number}),
    )


def open_shop(  # noqa: PLR0913 - what may differ between shops
    folder: Path,
    sandbox: SandboxProcess,
    purchases: int,
    *,
    liftoff: str = "",
    app: str = "",
    quality: str = "audit = false",
) -> Shop:
    """Land so many purchases of a day, and configure the sandbox as the partner; nothing is ingested yet.

    `liftoff`, `app` and `quality` are lines for those tables of the configuration.
    """
    (folder / "landing").mkdir(parents=True)
    config = folder / "pushlift.toml"
    config.write_text(
        f"[ingest]\nworkers = 1\n[quality]\n{quality}\n"
        f'[liftoff]\npostback_url = "{sandbox.postback_url}"\n{liftoff}\n'
        f'[apps.{APP}]\nliftoff_app_id = "shop"\nevents = {{ af_purchase = "purchase" }}\n{app}\n',
        encoding="utf-8",
    )
    World(load_settings(config)).land([purchase(number) for number in range(purchases)])
    variables = {"PUSHLIFT_LIFTOFF_API_KEY": sandbox.credentials.api_key, "PUSHLIFT_HASH_KEY": "a-key"}
    return Shop(config, variables, purchases)
