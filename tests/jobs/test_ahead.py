import os
import subprocess
import sys
import threading

import pytest

from etl.jobs import ahead
from etl.jobs.ahead import LOWEST_PRIORITY, import_ahead, lower_priority
from etl.quality import auditing
from tests.services.worlds import World

HEAVY = ("deltalake", "duckdb", "great_expectations", "pandas", "pyarrow")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows priorities of threads")
def test_one_thread_alone_gives_way() -> None:
    """What else this process does, it does as before."""
    before, found = os.getpriority(os.PRIO_PROCESS, 0), []

    def give_way() -> None:
        lower_priority()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=give_way)
    thread.start()
    thread.join()

    assert found == [LOWEST_PRIORITY]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@pytest.mark.parametrize("is_audited", [True, False])
def test_the_audit_is_prepared_where_there_is_one(
    local_world: World, monkeypatch: pytest.MonkeyPatch, *, is_audited: bool
) -> None:
    """Its imports take seconds of CPU; a run that judges nothing is spared them."""
    prepared = []
    monkeypatch.setattr(ahead, "_start", lambda function: function())
    monkeypatch.setattr(ahead, "lower_priority", lambda: None)
    monkeypatch.setattr(auditing, "prepare", lambda: prepared.append(1))
    quality = local_world.settings.quality.model_copy(update={"audit": is_audited})

    import_ahead(local_world.settings.model_copy(update={"quality": quality}))

    assert bool(prepared) is is_audited


def test_the_ledger_works_while_the_audit_is_imported() -> None:
    """What SQLAlchemy asks about values is complete before, so no statement meets a module half made."""
    code = (
        "import etl.ledger.database; from sqlalchemy import inspection;"
        "before = set(inspection._registrars);"
        "from etl.quality.auditing import prepare; prepare();"
        "print(sorted(map(str, set(inspection._registrars) - before)))"
    )

    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert shown.stdout.strip() == "[]"


def test_an_hour_without_landed_objects_imports_nothing_heavy(local_world: World) -> None:
    """Neither the lake nor the audit is touched where there is nothing to judge."""
    local_world.open_ledger()
    code = (
        "import sys; from etl.jobs.ingest import ingest; from etl.settings import Settings;"
        "ingest(Settings.model_validate_json(sys.argv[1]));"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    quality = local_world.settings.quality.model_copy(update={"audit": True})
    settings = local_world.settings.model_copy(update={"quality": quality})

    shown = subprocess.run(
        [sys.executable, "-c", code, settings.model_dump_json()], check=True, capture_output=True, text=True
    )

    assert shown.stdout.strip() == "[]"
