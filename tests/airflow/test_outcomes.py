"""The end of a run says what is left to do."""

import pytest

from etl.airflow.backfill_steps import Outcome
from etl.airflow.outcomes import describe_outcome, find_unsettled, refuse_unsettled, sum_counts
from etl.errors import PostbacksUnsettled


def made(state: str, problems: tuple[str, ...] = (), **counts: int) -> Outcome:
    """Make an outcome."""
    return Outcome(
        plan_id="p1",
        app_id="com.example",
        mode="production",
        state=state,
        counts=counts,
        exported=0,
        problems=list(problems),
    )


def test_a_finished_plan_is_settled() -> None:
    """Refusals and exclusions are answers."""
    refuse_unsettled([made("finished", delivered=5, refused=2, excluded=1)])


def test_a_cancelled_plan_is_settled() -> None:
    """What a person cancelled is not left to do."""
    assert list(find_unsettled(made("cancelled", delivered=5, cancelled=9))) == []


@pytest.mark.parametrize(
    ("outcome", "way_out"),
    [
        (made("planned", queued=5), "waits for approval"),
        (made("paused", delivered=1, queued=5), "is paused with 5 postbacks left"),
        (made("approved", queued=4, sending=1), "is approved with 5 postbacks left"),
        (made("finished", delivered=1, unknown=2), "2 postbacks of which nobody knows"),
        (made("finished", ("3 rows are missing",), delivered=1), "Plan p1: 3 rows are missing"),
    ],
)
def test_what_is_not_settled_fails_with_the_way_out(outcome: Outcome, way_out: str) -> None:
    """One sentence a matter, with the plan's id."""
    with pytest.raises(PostbacksUnsettled, match=way_out):
        refuse_unsettled([made("finished", delivered=1), outcome])


def test_every_state_is_shown() -> None:
    """Zeros, too: a state that is not named would look forgotten."""
    shown = "\n".join(describe_outcome(made("finished", delivered=1234)))

    assert "1,234" in shown
    for state in ("refused", "unknown", "excluded", "queued"):
        assert state in shown


def test_workers_counts_are_added_up() -> None:
    """Each knows only what it did."""
    assert sum_counts([{"delivered": 2}, {"delivered": 3, "refused": 1}]) == {"delivered": 5, "refused": 1}
