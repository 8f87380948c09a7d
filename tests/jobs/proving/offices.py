"""An office: what is planted in it, swept and verified."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deltalake import DeltaTable
from sqlalchemy import select

from etl.jobs.proving.story import VerifyReport, verify
from etl.jobs.sweep.story import SweepReport, sweep
from etl.lake.tables import TABLES, find_table
from etl.ledger.database import Ledger, begin_write
from etl.ledger.opt_out_tables import opt_out_requests
from etl.settings import Secrets
from etl.stores import delete_object, list_objects, open_store, read_object, write_object
from tests.jobs.sweep.offices import IDFA
from tests.services.worlds import World, message

OTHER = "11111111-2222-4333-8444-555555555555"
IDFV = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"
INSTALL = "1756684800000-7777777777777777777"
USER = "a customer of ours"
LONG_AGO = 1_767_225_600.0


@dataclass(frozen=True, slots=True)
class Office:
    """A world with the keys of its partner."""

    world: World
    secrets: Secrets

    def fill(self) -> None:
        """Ingest rows of a person in all places that an ingest writes, and one of somebody else."""
        self.world.land(
            [
                message(1, idfa=IDFA, idfv=IDFV, appsflyer_id=INSTALL),
                message(2, event_value=json.dumps({"device": IDFA.lower()})),
                message(3, idfa=OTHER),
                message(4, customer_user_id=USER),
                f'{{"idfa": "{IDFA}", '.encode(),
            ]
        )
        self.world.ingest()
        self.drop("a.csv", f"idfa,customer_user_id\n{IDFA},\n,{USER}\n")

    def drop(self, name: str, text: str) -> None:
        """Drop a list."""
        storage = self.world.settings.storage
        write_object(open_store(storage.opt_outs, storage.options), f"inbox/{name}", text.encode())

    def sweep(self) -> SweepReport:
        """Sweep."""
        return sweep(self.world.settings, self.secrets)

    def vacuum(self) -> None:
        """Do what upkeep does once the retention is over."""
        for table in TABLES:
            delta: DeltaTable | None = find_table(self.world.lake, table)
            if delta is not None:
                delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    def age_erasures(self) -> None:
        """Have everybody be erased a minute earlier: S3 tells in whole seconds when something landed."""
        erased_at = opt_out_requests.c.erased_at
        with begin_write(self.ledger()) as connection:
            for (at,) in connection.execute(select(erased_at).where(erased_at.is_not(None)).distinct()).all():
                earlier = {"erased_at": at - timedelta(minutes=1)}
                connection.execute(opt_out_requests.update().where(erased_at == at).values(earlier))

    def empty_landing(self) -> None:
        """Do what a bucket's lifecycle does."""
        for each in list(list_objects(self.world.landing)):
            delete_object(self.world.landing, each.key)

    def verify(self, *also: str) -> VerifyReport:
        """Verify."""
        return verify(self.world.settings, self.secrets, also=also)

    def ledger(self) -> Ledger:
        """Open the ledger."""
        return self.world.open_ledger()

    def folder(self, store: str) -> Path:
        """Give a local store's folder."""
        return Path(str(getattr(self.world.settings.storage, store)))

    def evidence(self) -> list[dict[str, object]]:
        """Read the records of the evidence, as anybody can."""
        storage = self.world.settings.storage
        opt_outs = open_store(storage.opt_outs, storage.options)
        objects = list(list_objects(opt_outs, "evidence/"))
        lines = [line for each in objects for line in read_object(opt_outs, each).splitlines()]
        return [json.loads(line)["record"] for line in lines]

    @contextmanager
    def planted(self, store: str, key: str, content: bytes) -> Iterator[None]:
        """Plant an object for a while."""
        path = self.folder(store) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        # Long enough for upkeep to have taken it away, were it anything that upkeep knows.
        os.utime(path, (LONG_AGO, LONG_AGO))
        try:
            yield
        finally:
            path.unlink()
