import stat
from pathlib import Path

import pytest

from etl.errors import UsageError
from etl.jobs.demo import DemoReport, compare, describe_demo, run_demo
from etl.jobs.demo_postbacks import describe_postbacks
from etl.sample import generate_landing
from etl.settings import load_settings
from etl.stores import open_store
from tests.services.worlds import message, write_lines


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> DemoReport:
    """Run the demo once, small."""
    return run_demo(tmp_path_factory.mktemp("demos") / "demo", messages=600)


def test_the_generator_agrees(shown: DemoReport) -> None:
    """Counts, reasons, apps, names, topics and money to the last unit; and the second run finds nothing."""
    assert [each.subject for each in shown.comparisons if not each.agrees] == []
    assert len(shown.comparisons) == 9
    assert shown.again.run_id is None
    assert shown.exit_code == 0
    assert "The generator agrees" in "".join(describe_demo(shown))


def test_the_partner_got_what_the_ledger_says(shown: DemoReport) -> None:
    """A plan was priced, approved and sent; the sandbox counts what the ledger does, and so does the lake."""
    assert shown.postbacks is not None
    told = "\n".join(describe_postbacks(shown.postbacks))
    delivered = sum(int(str(row[shown.postbacks.columns.index("delivered")])) for row in shown.postbacks.rows)

    assert [each.subject for each in shown.postbacks.comparisons if not each.agrees] == []
    assert delivered == shown.postbacks.comparisons[0].found
    assert delivered > 0
    for text in ("postbacks would be sent", "Approved by", "The sandbox agrees with the ledger"):
        assert text in told


def test_a_swept_person_is_gone(shown: DemoReport) -> None:
    """From the lake, and by the sandbox' word; zeros and rubbish were rejected with their codes."""
    assert shown.opt_outs is not None
    assert [each.subject for each in shown.opt_outs.comparisons if not each.agrees] == []
    assert shown.opt_outs.said.count("rejected, ") == 2


def test_what_was_planned_of_a_swept_person_is_not_sent(shown: DemoReport) -> None:
    """Though the plan was made before the sweep; the others' postbacks of it are."""
    assert shown.opt_outs is not None
    assert shown.opt_outs.withheld > 0
    assert shown.opt_outs.sent > 0


def test_the_demos_keys_are_its_owners_alone(shown: DemoReport) -> None:
    """And stand in no configuration."""
    kept = shown.config.parent / "secrets.env"

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "KEY" not in shown.config.read_text(encoding="utf-8")


def test_the_query_counts_what_landed(shown: DemoReport) -> None:
    """Installs by day sum up to the generator's."""
    installs = sum(int(str(row[shown.columns.index("installs")])) for row in shown.rows)
    occurrences = sum(int(str(row[shown.columns.index("occurrences")])) for row in shown.rows)
    (expected,) = [each.expected for each in shown.comparisons if each.subject == "occurrences"]

    assert installs > 0
    # The vendor's test message is left out.
    assert occurrences == int(str(expected)) - 1


def test_a_disagreement_is_told(shown: DemoReport, tmp_path: Path) -> None:
    """A comparison that could not fail would prove nothing."""
    truth = generate_landing(tmp_path, 300)
    comparisons = list(compare(load_settings(shown.config), shown.first, truth))

    assert not all(each.agrees for each in comparisons)


def test_the_demo_starts_anew(tmp_path: Path) -> None:
    """In its own folder, with what somebody else landed there since; that is then not compared."""
    run_demo(tmp_path / "demo", messages=200)
    mine = tmp_path / "demo" / "landing" / "mine.json.gz"
    mine.write_bytes(write_lines([message(1)]))

    again = run_demo(tmp_path / "demo", messages=200)

    assert again.comparisons == ()
    assert again.exit_code == 0
    assert again.first.apps["id1234567890"] > 0
    assert mine.exists()


def test_a_folder_of_others_is_not_touched(tmp_path: Path) -> None:
    """The demo deletes only what a demo wrote."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "pushlift.toml").write_text("[storage]\n", encoding="utf-8")

    with pytest.raises(UsageError, match="no demo's folder"):
        run_demo(tmp_path)
    assert (tmp_path / "lake").exists()
    assert not Path(open_store(str(tmp_path)).path_of("landing")).exists()


def test_the_opted_out_person_is_verified_to_be_gone(shown: DemoReport) -> None:
    """Replaced files first have their grace; after it the person is in no store, landing included."""
    assert shown.opt_outs is not None
    assert "1 not yet: once the replaced files" in shown.opt_outs.proof
    assert "1 requests are verified, 0 verified except for landing" in shown.opt_outs.last_proof
