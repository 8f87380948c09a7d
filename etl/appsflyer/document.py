"""Writes `docs/fields.md` from the authority: `python -m etl.appsflyer.document`."""

from collections.abc import Iterable
from pathlib import Path

from etl.appsflyer.fields import FIELD_GROUPS, V1_SPECIAL, Field, Kind
from etl.appsflyer.macros import squash_spelling

FIELDS_PAGE = Path(__file__).parents[2] / "docs" / "fields.md"

_STORED_AS = {
    Kind.TEXT: "string",
    Kind.BOOLEAN: "boolean",
    Kind.MONEY: "decimal(28, 10)",
    Kind.UTC_TIME: "timestamp µs UTC",
    Kind.LOCAL_TIME: "string, as it came",
}
_INTRODUCTION = """\
# Fields of a Push API message

Made by `python -m etl.appsflyer.document` from `etl/appsflyer/fields.py`; change that, not this page.

Under each name stands the one that AppsFlyer shows, which heads the field's column in raw-data files
of the Pull API.
Every column is null where the message has no value: absent, `null` and empty text mean the same.
**id** marks an identifier, by which a person is found; **yes** marks other personal data. Both are
masked on display and covered by erasure. The macros are those of partner postbacks, each also
spelled with underscores, hyphens, spaces or in camel case; besides, every field answers to its own
name, and every identifier to `sha1-` before its name, which is kept hashed as `sha1_…` in `extra`.
"""
_V1_SPECIAL = """\
## V1.0 names that depend on the rest of the message

The normalizer decides where these go; all other V1.0 names above simply move.

| V1.0 name | may fill |
|---|---|
"""


def render_fields_markdown() -> str:
    """Render the page about all fields: a table for each group, then V1.0's special names."""
    groups = (_render_group(title, fields) for title, fields in FIELD_GROUPS.items())
    return "\n".join((_INTRODUCTION, *groups, _V1_SPECIAL + _render_v1_special()))


def write_fields_page(path: Path = FIELDS_PAGE) -> None:
    """Write the page, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_fields_markdown(), encoding="utf-8")


def _render_group(title: str, fields: Iterable[Field]) -> str:
    header = f"## {title}\n\n| field | stored as | personal | meaning | V1.0 | also seen as | macros |\n"
    return header + "|---|---|---|---|---|---|---|\n" + "".join(map(_render_field, fields))


def _render_field(field: Field) -> str:
    cells = (
        f"`{field.name}`<br>{field.display_name}",
        _STORED_AS[field.kind],
        "id" if field.is_identifier else "yes" if field.is_personal else "",
        field.meaning,
        _quote(field.v1_names),
        _quote(field.aliases),
        _quote(_choose_macros(field)),
    )
    return f"| {' | '.join(cells)} |\n"


def _render_v1_special() -> str:
    return "".join(f"| `{name}` | {_quote(targets)} |\n" for name, targets in V1_SPECIAL.items())


def _choose_macros(field: Field) -> Iterable[str]:
    return {squash_spelling(macro): macro for macro in reversed(field.macros)}.values()


def _quote(spellings: Iterable[str]) -> str:
    return ", ".join(f"`{spelling}`" for spelling in spellings)


if __name__ == "__main__":
    write_fields_page()
