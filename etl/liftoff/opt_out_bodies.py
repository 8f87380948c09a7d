"""The bodies of opt-outs, as Liftoff documents them (Liftoff: GDPR Opt-Out API v3) (pure)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from etl.liftoff.identifiers import is_device_id

LiftoffType = Literal["idfa", "gaid"]
Group = tuple[LiftoffType, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class OptOut:
    """An id to be opted out, and by which name its outcome is told; without stores' ids for all apps."""

    request_id: str
    device_id: str = field(repr=False)
    id_type: LiftoffType
    app_store_ids: tuple[str, ...] = ()

    @property
    def group(self) -> Group:
        """What all ids of a body have in common."""
        return self.id_type, self.app_store_ids

    @property
    def is_sound(self) -> bool:
        """Whether Liftoff takes the id by its own rules: one that it does not take fails the whole body."""
        is_cased = self.device_id == _CASINGS[self.id_type](self.device_id)
        return is_cased and is_device_id(self.device_id)


_CASINGS: Final = {"idfa": str.upper, "gaid": str.lower}


def make_batches(opt_outs: Iterable[OptOut], size: int) -> Iterator[tuple[OptOut, ...]]:
    """Gather opt-outs of one type and the same apps into batches of at most `size`.

    Those of a group stay in their order. A batch is given as soon as it is full, and the rest in the end.
    """
    waiting: defaultdict[Group, list[OptOut]] = defaultdict(list)
    for opt_out in opt_outs:
        group = waiting[opt_out.group]
        group.append(opt_out)
        if len(group) >= size:
            yield tuple(waiting.pop(opt_out.group))
    yield from (tuple(group) for group in waiting.values())


def encode_body(batch: Iterable[OptOut], now: datetime, *, is_test: bool) -> bytes:
    """Write the body of a batch, whose ids are of one group.

    `ts` is in seconds. The type is always said, and so is whether it is a test. `device-id-sha1` never is:
    Liftoff derives it. Raises ValueError for several groups, and for an empty batch.
    """
    listed = tuple(batch)
    groups = {opt_out.group for opt_out in listed}
    if len(groups) != 1:
        raise ValueError("A body holds ids of one type and the same apps, and at least one.")
    id_type, app_store_ids = groups.pop()
    body: dict[str, Any] = {
        "ts": int(now.timestamp()),
        "device-ids": [opt_out.device_id for opt_out in listed],
        "device-id-type": id_type,
        "test": is_test,
    }
    if app_store_ids:
        body["app-store-ids"] = list(app_store_ids)
    return json.dumps(body, separators=(",", ":")).encode()
