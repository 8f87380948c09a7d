"""`pushlift backfill` from end to end, on ingested events and against the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.ledger.suppressions import suppress
from etl.liftoff.sandbox.process import SandboxProcess
from etl.subjects import hash_subject
from tests.cli.conftest import Shell
from tests.services.worlds import Row, World, message

APP = "id1234567890"
NOW = datetime.now(UTC)
DAY = (NOW - timedelta(days=2)).date()
SQL = Path(__file__).parents[2] / "sql"


def purchase(number: int, **fields: object) -> Row:
    """Make a purchase of some days ago that Liftoff would take."""
    at = f"{DAY} 12:00:{number % 60:02d}.{number:03d}"
    told = {
        "event_time": at,
        "event_time_selected_timezone": f"{at}+0000",
        "install_time": f"{DAY} 10:00:00.000",
        "ip": f"2001:db8::{number + 1:x}",
        "language": "English",
        "device_type": "iPhone15,2",
        "idfv": f"6F9619FF-8B86-D011-B42D-{number:012X}",
        "bundle_id": "com.example.ios",
    }
    return message(number, **{**told, **fields})


@pytest.fixture
def shop(shell: Shell, local_world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Ingest six purchases, one of a restricted source, and an event that has no name at Liftoff."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", sandbox.credentials.api_key)
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-key")
    shell.config.write_text(
        "[ingest]\nworkers = 1\n[quality]\naudit = false\n"
        f'[liftoff]\npostback_url = "{sandbox.postback_url}"\npostbacks_per_second = 500\n'
        f'[apps.{APP}]\nliftoff_app_id = "shop"\nevents = {{ af_purchase = "purchase" }}\n',
        encoding="utf-8",
    )
    rows = [purchase(number) for number in range(5)]
    rows += [purchase(5, media_source="Facebook Ads"), purchase(6, event_name="af_login")]
    local_world.land(rows)
    assert shell.run("ingest").exit_code == 0
    return shell


def plan(shop: Shell, *options: str) -> dict[str, Any]:
    """Plan the day."""
    found = shop.ask("backfill", "plan", "--app", APP, "--from", str(DAY), "--to", str(DAY), *options)
    return dict(found)


def test_a_plan_says_what_would_be_sent_and_what_not(shop: Shell, sandbox: SandboxProcess) -> None:
    """Counts by reason, a masked sample, a price; and nothing leaves."""
    found = plan(shop)
    assert (found["queued"], found["unmapped"]) == (5, 1)
    assert found["exclusions"] == {"restricted_media_source": 1}
    assert found["seconds"] == 5 / 500
    assert "6F9619FF" not in json.dumps(found)
    assert "2001:db8" not in json.dumps(found)
    assert sandbox.state()["received"] == 0


def test_sending_needs_a_yes(shop: Shell, sandbox: SandboxProcess) -> None:
    """Without it the price is shown again."""
    plan_id = plan(shop)["plan"]["id"]
    assert "Nothing was sent" in shop.run("backfill", "send", plan_id).stdout
    assert sandbox.state()["received"] == 0


def test_what_is_planned_is_sent_and_reconciled(shop: Shell, sandbox: SandboxProcess) -> None:
    """The sandbox, the ledger and the lake tell the same; the next plan has nothing to send."""
    plan_id = plan(shop)["plan"]["id"]
    assert shop.run("backfill", "send", plan_id, "--yes").exit_code == 0
    assert sandbox.state()["accepted_occurrences"] == 5

    (report,) = shop.ask("backfill", "reconcile")["plans"]
    assert (report["exported"], report["counts"]["delivered"]) == (6, 5)
    assert shop.ask("backfill", "reconcile")["plans"][0]["exported"] == 0

    again = plan(shop)
    assert (again["queued"], again["exclusions"]["already_delivered"]) == (0, 5)

    found = shop.ask("sql", str(SQL / "postback_reconciliation.sql"))
    rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
    assert [(row["event_name"], row["events"], row["planned"], row["delivered"]) for row in rows] == [
        ("af_login", 1, 0, 0),
        ("af_purchase", 6, 5, 5),
    ]
    assert [row["not_planned"] for row in rows] == [1, 0]
    assert rows[1]["excluded_by_reason"] == {"restricted_media_source": 1}


def test_a_lost_ledger_sends_nothing_until_it_is_rebuilt(shop: Shell, sandbox: SandboxProcess) -> None:
    """The lake shows what was delivered, so an empty ledger refuses; rebuilt, it knows."""
    plan_id = plan(shop)["plan"]["id"]
    shop.run("backfill", "send", plan_id, "--yes")
    shop.run("backfill", "reconcile")
    for file in shop.config.parent.glob("ledger.db*"):
        file.unlink()
    shop.run("ledger", "upgrade")

    refused = shop.run("backfill", "plan", "--app", APP, "--from", str(DAY), "--to", str(DAY))
    assert refused.exit_code == 2
    assert "ledger rebuild" in str(refused.exception)

    shop.run("ledger", "rebuild")
    assert plan(shop)["exclusions"]["already_delivered"] == 5
    assert sandbox.state()["received"] == 5


def test_a_ledger_older_than_the_lake_sends_nothing_until_it_is_rebuilt(
    shop: Shell, local_world: World, sandbox: SandboxProcess
) -> None:
    """One from a backup knows some deliveries, and not those of plans that were made after it."""
    shop.run("backfill", "send", plan(shop, "--event", "purchase")["plan"]["id"], "--yes")
    backup = shop.config.parent / "backup.db"
    shop.run("ledger", "backup", str(backup))
    local_world.land([purchase(7)], "push/2026/09/02/13/late.json.gz")
    shop.run("ingest")
    shop.run("backfill", "send", plan(shop)["plan"]["id"], "--yes")
    shop.run("backfill", "reconcile")
    for file in shop.config.parent.glob("ledger.db*"):
        file.unlink()
    backup.rename(shop.config.parent / "ledger.db")

    refused = shop.run("backfill", "plan", "--app", APP, "--from", str(DAY), "--to", str(DAY))
    assert refused.exit_code == 2
    assert "older than the lake" in str(refused.exception)

    shop.run("ledger", "rebuild")
    again = plan(shop)
    assert (again["queued"], again["exclusions"]["already_delivered"]) == (0, 6)
    assert sandbox.state()["received"] == 6


def test_an_event_is_explained_to_its_last_attempt(shop: Shell) -> None:
    """Gates as they stand, the plan that told of it, and each attempt; masked."""
    shop.run("backfill", "send", plan(shop)["plan"]["id"], "--yes")
    rows = shop.ask("sql", "select event_id, event_name, media_source from events order by event_time")[
        "rows"
    ]
    texts = {f"{name} {source}": shop.run("explain", event_id).stdout for event_id, name, source in rows}
    assert "is delivered" in texts["af_purchase liftoff_int"]
    assert "attempt 1 at" in texts["af_purchase liftoff_int"]
    assert "no gate refuses this row today" in texts["af_purchase liftoff_int"]
    assert "refused today by restricted_media_source" in texts["af_purchase Facebook Ads"]
    assert "refused today by unmapped_event" in texts["af_login liftoff_int"]
    assert not any("2001:db8::1" in text for text in texts.values())


def test_an_opted_out_person_is_explained(
    shop: Shell, local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the gate, without a plan; without the hash key nobody can say, which is said."""
    found = shop.ask("sql", "select event_id, idfv from events where event_name = 'af_purchase' limit 1")
    ((event_id, idfv),) = found["rows"]
    suppress(local_world.open_ledger(), [hash_subject(b"a-key", idfv)], APP, "do_not_share")
    plan(shop)
    assert "refused today by suppressed" in shop.run("explain", event_id).stdout

    monkeypatch.delenv("PUSHLIFT_HASH_KEY")
    assert "whether the person opted out cannot be told" in shop.run("explain", event_id).stdout


def test_late_data_does_not_shift_a_plan(shop: Shell, local_world: World, sandbox: SandboxProcess) -> None:
    """What landed after the plan was made is another plan's."""
    plan_id = plan(shop)["plan"]["id"]
    local_world.land([purchase(7)], "push/2026/09/02/13/late.json.gz")
    shop.run("ingest")
    shop.run("backfill", "send", plan_id, "--yes")
    assert sandbox.state()["accepted_occurrences"] == 5
    assert plan(shop)["queued"] == 1


def test_plans_are_steered_by_hand(shop: Shell, sandbox: SandboxProcess) -> None:
    """Pause, resume, cancel and the kill switch do what they say, and are remembered."""
    plan_id = plan(shop)["plan"]["id"]
    assert shop.run("backfill", "stop", "--reason", "a rehearsal").exit_code == 0
    assert shop.ask("backfill", "send", plan_id, "--yes")["stopped"] == "stopped"
    assert shop.run("backfill", "start").exit_code == 0
    assert shop.ask("backfill", "pause", plan_id)["state"] == "paused"
    assert shop.run("backfill", "send", plan_id, "--yes").exit_code == 2
    assert shop.ask("backfill", "resume", plan_id)["state"] == "approved"
    assert shop.ask("backfill", "cancel", plan_id, "--yes")["state"] == "cancelled"
    assert sandbox.state()["received"] == 0
    told = shop.run("backfill", "status", plan_id).stdout
    assert all(word in told for word in ("approve", "pause", "resume", "cancel"))


def test_days_that_failed_their_audit_need_a_word(
    shop: Shell, local_world: World, sandbox: SandboxProcess
) -> None:
    """A held batch closes its days to plans, unless a person accepts that, which the plan keeps."""
    text = shop.config.read_text().replace("audit = false", "audit = true")
    shop.config.write_text(text.replace("[liftoff]", "[extra]\n[liftoff]").replace("[extra]\n", ""))
    broken = [purchase(number, event_name="af_purchase", event_revenue="9e99") for number in range(20, 24)]
    junk: list[Row | bytes] = [*broken, *[{"app_id": APP, "event_name": "x"} for _ in range(200)]]
    local_world.land(junk, "push/2026/09/02/14/broken.json.gz")
    assert shop.run("ingest").exit_code == 1

    refused = shop.run("backfill", "plan", "--app", APP, "--from", str(DAY), "--to", str(DAY))
    assert refused.exit_code == 1
    assert "--accept-failed-checks" in str(refused.exception)
    accepted = plan(shop, "--accept-failed-checks")
    assert [each["day"] for each in accepted["accepted_days"]] == [str(DAY)]
    assert plan(shop, "--exclude-failed-days")["queued"] == 0
    assert sandbox.state()["received"] == 0
