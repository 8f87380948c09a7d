"""Counters reach Airflow's metrics."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from airflow.sdk.observability import stats

from etl.airflow.metrics import count_postbacks


@dataclass
class Recorder:
    """Keeps what Airflow would send to a metrics server."""

    sent: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)

    def incr(self, stat: str, count: int = 1, *, tags: dict[str, str]) -> None:
        """Keep an increment."""
        self.sent.append((stat, count, tags))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Have Airflow's metrics go to a recorder."""
    recorder = Recorder()
    stats.initialize(factory=lambda: recorder, export_legacy_names=True)  # type: ignore[arg-type, return-value]
    yield recorder
    stats.initialize(factory=lambda: stats.Stats, export_legacy_names=True)  # type: ignore[arg-type, return-value]


def test_what_happened_is_counted_by_mode(recorder: Recorder) -> None:
    """A counter a result; the app is a tag."""
    count_postbacks("production", "com.example", {"delivered": 3, "refused": 1, "attempts": 5})

    assert recorder.sent == [
        ("pushlift.postbacks.production.delivered", 3, {"app_id": "com.example"}),
        ("pushlift.postbacks.production.refused", 1, {"app_id": "com.example"}),
        ("pushlift.postbacks.production.attempts", 5, {"app_id": "com.example"}),
    ]


def test_nothing_is_sent_of_what_did_not_happen(recorder: Recorder) -> None:
    """Nor of a state that is no result."""
    count_postbacks("test", "com.example", {"unknown": 0, "queued": 7})

    assert recorder.sent == []
