"""The question that a person is asked."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from etl.airflow.plan_requests import Manner
from etl.airflow.pricing import MAX_LINES, spell_duration, spell_price

DAY = date(2026, 9, 1)


@dataclass(frozen=True)
class Count:
    """A plan's count."""

    event_date: date
    event_name: str
    code: str
    count: int


COUNTS = [
    Count(DAY, "af_purchase", "planned", 1000),
    Count(DAY, "install", "planned", 200),
    Count(DAY + timedelta(days=1), "install", "planned", 300),
    Count(DAY, "install", "suppressed", 7),
    Count(DAY + timedelta(days=1), "install", "suppressed", 1),
    Count(DAY, "af_login", "unmapped_event", 50),
]


def spell(counts: list[Count] = COUNTS) -> str:
    """Spell a price at ten a second."""
    return spell_price({"Plan": "p1"}, counts, Manner(10), {"suppressed": "The person opted out."})


def test_it_says_how_many_and_how_long() -> None:
    """At the rate that was asked for."""
    assert spell().startswith("**1,500 postbacks**, 2 min 30 s at 10 a second.")


def test_a_daily_cap_makes_it_last() -> None:
    """A price that left it out would be wrong by days."""
    shown = spell_price({}, COUNTS, Manner(10, daily_cap=600), {})

    assert shown.startswith("**1,500 postbacks**, 2 d 30 s at 10 a second and at most 600 a UTC day.")


def test_it_counts_by_event_and_by_day() -> None:
    """Only what would be sent."""
    assert "| install | 500 |" in spell()
    assert "| af\\_purchase | 1,000 |" in spell()
    assert f"| {DAY} | 1,200 |" in spell()


def test_it_says_what_is_left_out_and_why() -> None:
    """The most frequent reason first, each with its sentence."""
    assert "**58 events are left out.**" in spell()
    assert "| `suppressed` | The person opted out. | 8 |" in spell()
    assert spell().index("unmapped_event") < spell().index("suppressed")


def test_a_name_cannot_write_into_the_question() -> None:
    """An app can put anything into an event's name."""
    shown = spell([Count(DAY, "<img src=x>|[a](http://b)\n# c", "planned", 1)])

    assert "<img" not in shown.replace("\\<", "")
    assert "\n# c" not in shown
    assert "\\|\\[a\\]\\(" in shown


def test_it_stays_short() -> None:
    """It lies in Airflow's database, and on one page."""
    shown = spell([Count(DAY + timedelta(days=day), f"event {day}", "planned", 1) for day in range(400)])

    assert "and 370 more" in shown
    assert len(shown.splitlines()) < 3 * MAX_LINES


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0.2, "less than a second"), (59, "59 s"), (3725, "1 h 2 min"), (200_000, "2 d 7 h")],
)
def test_a_duration_has_two_units(seconds: float, spelled: str) -> None:
    """More would claim to know."""
    assert spell_duration(seconds) == spelled
