"""A few made-up rows of each suite's columns, to try an expectation on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from etl.lake.tables import EVENTS, LOADS
from etl.quality.frames import make_frame
from etl.quality.offered import FIGURES, LEAST_COUNT, OFFERED, UNACCOUNTED

if TYPE_CHECKING:
    import pandas as pd

    from etl.quality.suites import Suite

_VALUES: Final[dict[str, tuple[Any, Any]]] = {
    "string": ("alpha", "beta"),
    "bool": (True, False),
    "int32": (1, 2),
    "int64": (1, 2),
    "double": (0.25, 0.5),
    "date32[day]": (date(2026, 9, 1), date(2026, 9, 2)),
    "timestamp[us, tz=UTC]": (datetime(2026, 9, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, 2, tzinfo=UTC)),
    "decimal128(28, 10)": (Decimal("1.5"), Decimal("2.5")),
    "list<item: string>": (["alpha"], None),
    "map<string, string>": ([("alpha", "beta")], None),
}


def sample_frame(suite: Suite) -> pd.DataFrame:
    """Make a frame of two made-up rows with the columns that a suite names."""
    schema = _SCHEMAS[suite.name]
    arrays = [pa.array(_VALUES[_spell(field.type)], field.type) for field in schema]
    table = pa.Table.from_arrays(arrays, schema=schema)
    return make_frame(table, suite.columns or OFFERED[suite.name][:1], suite)


def _spell(type_: pa.DataType) -> str:
    return "list<item: string>" if pa.types.is_list(type_) else str(type_).split(" (")[0]


_SCHEMAS: Final = {
    "events": EVENTS.schema,
    "batch": pa.schema([(name, pa.float64()) for name in FIGURES]),
    "loads": LOADS.schema.append(pa.field(UNACCOUNTED, pa.int64())).append(pa.field(LEAST_COUNT, pa.int64())),
}
