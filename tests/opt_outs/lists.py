"""Made-up ids, and lists of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from etl.opt_outs.judging import Judging, judge_list
from etl.opt_outs.lists import read_list
from etl.opt_outs.records import IdType, Judged
from etl.opt_outs.scopes import make_scoper

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
IDFA = "8C1F0D2A-37B4-4E69-9A5D-E02B7F6413C8"
GAID = "b7e4a390-1c5d-4f28-8e6b-39d0a7f1c524"
IDFV = "5E9B27C4-F1A8-4D03-B6E7-204C9D8A1F35"
SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
APPSFLYER_ID = "1626862523000-7384629105837264518"
APPS = {"id1234567890": "1234567890", "com.acme.app": "com.acme.app", "com.acme.app-store": "com.acme.app"}


def judge(
    data: bytes | str, name: str = "list.txt", seen: dict[str, set[IdType]] | None = None, now: datetime = NOW
) -> Judged:
    """Read and judge a list; `seen` is what the lake has, by folded id."""
    encoded = data.encode() if isinstance(data, str) else data
    known = seen or {}
    judging = Judging(now, make_scoper(APPS), lambda folded: known.get(folded, set()))
    return judge_list(read_list(name, encoded), judging)


def tell(judged: Judged) -> list[tuple[int, str, str]]:
    """Give each accepted id with its line and type."""
    return [(each.line, each.identifier.id_type, each.identifier.text) for each in judged.accepted]


def refusals(judged: Judged) -> list[tuple[int, str]]:
    """Give each rejected line with its code."""
    return [(each.line, each.code) for each in judged.rejected]


def make_id(number: int, id_type: IdType = "gaid") -> str:
    """Make the id of a number, as chance would: version 4, of many digits."""
    text = str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4))
    return text.upper() if id_type in {"idfa", "idfv"} else text


def list_judged(judged: Judged) -> set[int]:
    """Give every line that has a verdict."""
    lines = {each.line for each in judged.accepted} | {each.line for each in judged.duplicates}
    return lines | {each.line for each in judged.rejected}
