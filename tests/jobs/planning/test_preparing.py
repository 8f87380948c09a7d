"""What judging reads of the lake is what the plan asks the lake for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pyarrow as pa
import pytest

from etl.jobs.keys import Keys
from etl.jobs.planning.preparing import Judging, list_columns, prepare_rows
from etl.lake.tables import EVENTS
from etl.liftoff.policy import ConsentPolicy, Mode, Refusal, SendingPolicy, UserId
from tests.liftoff.event_rows import ANDROID, IPHONE, NOW_MS, POLICY, Row

ADDED = {"is_first_event": pa.bool_(), "is_delivered": pa.bool_(), "source_name": pa.string()}
STRICT = ConsentPolicy(*[Refusal.REFUSE] * 5)
ASKING = "https://analytics.liftoff.io/v2/events?e={event_name}&c=(campaign)&t=(install_unix_ts)&r=(region)"
POLICIES = {
    "usual": POLICY,
    "asking": replace(POLICY, template=ASKING),
    "strict": replace(POLICY, consent=STRICT),
    "lenient": replace(POLICY, accept_doubtful_identity=True, mode=Mode.TEST, bundle_id="com.acme.other"),
    "own ids": replace(POLICY, user_id=UserId.CUSTOMER_USER_ID),
}
# Values that mapping and gates heed, each in a row of its own.
VARIANTS: tuple[Row, ...] = (
    {},
    {"event_revenue": None, "revenue_in_selected_currency": Decimal(3), "selected_currency": "USD"},
    {"event_revenue": Decimal(0), "event_revenue_usd": Decimal(2)},
    {"media_source": "googleadwords_int"},
    {"media_source": "an agency", "af_prt": "googleadwords_int"},
    {"quality_flags": ["weak_identity"]},
    {"quality_flags": ["possible_twin"]},
    {"is_test_message": True},
    {"is_lat": True},
    {"att": "denied"},
    {"gdpr_applies": True, "ad_user_data_enabled": False},
    {"ad_personalization_enabled": False},
    {"device_type": None, "device_model": "SH-220"},
    {"topic": "re_engagement", "event_name": None},
    {"bundle_id": "com.acme.row", "app_version": "1.2", "user_agent": "Dalvik/1.6.0"},
    {"embedded_ids": ["another id"], "customer_user_id": "a customer"},
    {"oaid": "an oaid", "imei": "an imei", "amazon_aid": "an aid", "android_id": "an id"},
    {"app_id": "com.acme.other"},
    {"event_time": datetime(2026, 3, 1, tzinfo=UTC)},
    {"is_primary_attribution": False, "loaded_at": datetime(2026, 3, 20, 11, tzinfo=UTC)},
)
# Gates that some of these rows meet under any policy.
BLOCKING_EVERYWHERE = ("unmapped_app", "test_message", "restricted_media_source")
HALVES: tuple[Row, ...] = (
    {"occurrence_id": "o-pair", "event_id": "e-first", "is_primary_attribution": False, "ip": "2001:db8::7"},
    {"occurrence_id": "o-pair", "event_id": "e-second", "is_primary_attribution": True, "idfa": "x-1"},
)


def fill(kind: pa.DataType) -> object:
    """Give a value of a column's type that no gate knows."""
    if pa.types.is_map(kind):
        return [("a key", fill(kind.item_type))]
    if pa.types.is_list(kind):
        return [fill(kind.value_type)]
    values = (
        (pa.types.is_boolean, True),
        (pa.types.is_timestamp, datetime(2026, 3, 9, tzinfo=UTC)),
        (pa.types.is_date, date(2026, 3, 14)),
        (pa.types.is_decimal, Decimal(7)),
        (pa.types.is_string, "a value"),
    )
    return next((value for is_of, value in values if is_of(kind)), 7)


def make_whole_rows(variants: Iterable[Row], read: Iterable[str]) -> pa.Table:
    """Make rows with a value in every column that judging is not meant to read."""
    others = {field.name: fill(field.type) for field in EVENTS.schema if field.name not in set(read)}
    rows = [
        {**others, "event_date": date(2026, 3, 14), **sound, "event_id": name, "occurrence_id": name, **each}
        for place, each in enumerate(variants)
        for system, sound in (("android", ANDROID), ("ios", IPHONE))
        for name in (f"{system}-{place:02d}",)
    ]
    table = pa.Table.from_pylist(rows, schema=EVENTS.schema)
    told = pa.table(
        {
            "is_first_event": [place % 2 == 0 for place in range(len(rows))],
            "is_delivered": [place == 1 for place in range(len(rows))],
            "source_name": ["af_purchase"] * len(rows),
        }
    )
    for name in ADDED:
        table = table.append_column(name, told[name])
    return table


def make_judging(policy: SendingPolicy) -> Judging:
    """Judge with a day that failed, and nobody suppressed."""
    return Judging(policy, Keys(b"a key", b"another"), NOW_MS, pa.array([], pa.string()), {})


class Spy:
    """A table that notes which of its columns are read."""

    def __init__(self, table: pa.Table) -> None:
        """Begin with nothing read."""
        self.table = table
        self.read: set[str] = set()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.table)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Read a column."""
        return self.column(name)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the table has
        """Be the table in everything else."""
        return getattr(self.table, name)

    def column(self, name: str) -> pa.ChunkedArray:
        """Read a column."""
        self.read.add(name)
        return self.table.column(name)

    def select(self, names: list[str]) -> pa.Table:
        """Read some columns."""
        self.read.update(names)
        return self.table.select(names)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("variants", [VARIANTS, VARIANTS + HALVES], ids=["alone", "with a pair"])
def test_the_listed_columns_are_enough(policy: SendingPolicy, variants: tuple[Row, ...]) -> None:
    """Rows with these columns alone become what whole rows become."""
    names = list_columns(policy)
    whole = make_whole_rows(variants, names)
    prepared = prepare_rows(whole, make_judging(policy))
    assert prepare_rows(whole.select([*names, *ADDED]), make_judging(policy)).equals(prepared)
    assert None in prepared["code"].to_pylist()
    assert len(set(prepared["code"].to_pylist())) > len(BLOCKING_EVERYWHERE)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_no_other_column_is_read(policy: SendingPolicy) -> None:
    """A column that judging comes to read must be listed, whether a row here shows it or not."""
    names = list_columns(policy)
    spy = Spy(make_whole_rows(VARIANTS, names))
    prepare_rows(cast("pa.Table", spy), make_judging(policy))
    assert spy.read - {*names, *ADDED} == set()
    assert len(spy.read) > len(names) // 2
