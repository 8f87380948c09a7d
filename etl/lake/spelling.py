"""How each engine spells the types of the lake's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Dialect:
    """An engine's names of plain types, and its patterns of nested ones; `quote` stands around names."""

    name: str
    plain: Mapping[pa.DataType, str]
    decimal: str
    array: str
    map: str
    quote: str

    def spell(self, kind: pa.DataType) -> str:
        """Spell a type; KeyError for one that no table has."""
        if pa.types.is_decimal(kind):
            return self.decimal.format(precision=kind.precision, scale=kind.scale)
        if pa.types.is_map(kind):
            return self.map.format(key=self.spell(kind.key_type), item=self.spell(kind.item_type))
        if pa.types.is_list(kind):
            return self.array.format(item=self.spell(kind.value_type))
        return self.plain[kind]

    def quote_name(self, name: str) -> str:
        """Spell a name of a column or table; names that need escapes are none of ours."""
        return f"{self.quote}{name}{self.quote}"


_INSTANT: Final = pa.timestamp("us", tz="UTC")
DUCKDB: Final = Dialect(
    "duckdb",
    {
        pa.string(): "varchar",
        pa.bool_(): "boolean",
        pa.int32(): "integer",
        pa.int64(): "bigint",
        pa.float64(): "double",
        pa.date32(): "date",
        _INSTANT: "timestamp with time zone",
    },
    decimal="decimal({precision}, {scale})",
    array="{item}[]",
    map="map({key}, {item})",
    quote='"',
)
# Hive's names, which Glue and Athena's DDL use.
ATHENA: Final = Dialect(
    "athena",
    {
        pa.string(): "string",
        pa.bool_(): "boolean",
        pa.int32(): "int",
        pa.int64(): "bigint",
        pa.float64(): "double",
        pa.date32(): "date",
        _INSTANT: "timestamp",
    },
    decimal="decimal({precision},{scale})",
    array="array<{item}>",
    map="map<{key},{item}>",
    quote="`",
)
TRINO: Final = Dialect(
    "trino",
    {
        pa.string(): "varchar",
        pa.bool_(): "boolean",
        pa.int32(): "integer",
        pa.int64(): "bigint",
        pa.float64(): "double",
        pa.date32(): "date",
        _INSTANT: "timestamp(6) with time zone",
    },
    decimal="decimal({precision}, {scale})",
    array="array({item})",
    map="map({key}, {item})",
    quote='"',
)
