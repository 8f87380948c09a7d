"""What the lake links a wanted id with: other ids of the same install, and how many installs share the id."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from etl.erased import LINKED, LINKED_USER
from etl.hash_keys import HashKey
from etl.lake.find_people import ID_COLUMNS, FoundFile, app_of, find_in_events
from etl.lake.history import read_columns
from etl.lake.replace import published_files
from etl.lake.tables import EVENTS, open_or_create
from etl.lake.wanted import Lookup, Wanted, WantedId
from etl.stores import Store
from etl.subjects import PERSON_FIELDS, fold_identifier, hash_subjects, is_placeholder


@dataclass(frozen=True, slots=True)
class LinkedId:
    """An id that rows of a wanted id also hold: for its own app alone."""

    app_id: str
    column: str
    id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Links:
    """Linked ids, and the number of installs (`appsflyer_id`) of each wanted id that was found.

    An id of more than the counted number of installs counts as one more than that, and links nothing, unless
    a person has confirmed it: that counts as it is, and links all.
    """

    by_owner: Mapping[str, frozenset[LinkedId]] = field(repr=False)
    installs: Mapping[str, int] = field(repr=False)

    @property
    def ids(self) -> frozenset[LinkedId]:
        """All linked ids."""
        return frozenset().union(*self.by_owner.values())

    def without(self, shared: Collection[LinkedId]) -> Links:
        """Give the links without some ids."""
        left = {owner: ids.difference(shared) for owner, ids in self.by_owner.items()}
        return Links(left, self.installs)

    def of(self, identifier: str) -> frozenset[LinkedId]:
        """Give what is linked with one wanted id."""
        return self.by_owner.get(fold_identifier(identifier), frozenset())


def find_links(  # noqa: PLR0913 - whose links, and the four things that policy says of them
    lake: Store,
    wanted: Wanted,
    *,
    most_installs: int,
    confirmed: Collection[str] = (),
    uncounted: Collection[tuple[str, str]] = (),
    with_user_ids: bool = False,
) -> Links:
    """Find what is linked with wanted ids, before their erasure removes the link.

    `confirmed` are ids, folded, that may have any number of installs; installs (app and AppsFlyer's id) that
    are `uncounted` are no sign that many share an id.
    """
    names = (*LINKED, LINKED_USER) if with_user_ids else LINKED
    linked: dict[str, set[LinkedId]] = {}
    installs: dict[str, set[tuple[str, str]]] = {}
    files = published_files(EVENTS, open_or_create(lake, EVENTS))
    for found in find_in_events(lake, files, wanted):
        app_id = app_of(found.file)
        lookup = wanted.for_app(app_id)
        for row in _read_distinct(lake, found):
            for owner in _owners(row, lookup):
                known = installs.setdefault(owner, set())
                install = (app_id, fold_identifier(row["appsflyer_id"] or ""))
                is_person = owner in confirmed or len(known) <= most_installs
                if install[1] and is_person and install not in uncounted:
                    known.add(install)
                if owner in confirmed or len(known) <= most_installs:
                    linked.setdefault(owner, set()).update(_list_linked(row, app_id, names))
    counts = {owner: len(known) for owner, known in installs.items()}
    kept = {
        owner: frozenset(ids)
        for owner, ids in linked.items()
        if owner in confirmed or counts[owner] <= most_installs
    }
    return Links(kept, counts)


def find_shared(
    lake: Store, links: Links, *, most_installs: int, confirmed: Collection[str] = ()
) -> frozenset[LinkedId]:
    """Find linked ids that more installs have than a person has: one wish must not reach all who share them.

    AppsFlyer's id is an install, so it is not looked for. The installs of a confirmed person are that
    person's, however many.
    """
    asked = [each for each in links.ids if each.column != "appsflyer_id"]
    if not asked:
        return frozenset()
    wanted = Wanted(WantedId(each.id, frozenset({each.app_id})) for each in asked)
    own = {
        (each.app_id, each.id)
        for owner in confirmed
        for each in links.of(owner)
        if each.column == "appsflyer_id"
    }
    counted = find_links(lake, wanted, most_installs=most_installs, uncounted=own).installs
    return frozenset(each for each in asked if counted.get(each.id, 0) > most_installs)


def count_installs(
    lake: Store, app_id: str, column: str, hashes: Collection[str], key: HashKey
) -> dict[str, int]:
    """Count the installs of an app that share each of some ids of a field, given by keyed hashes.

    It takes the field's distinct values to be hashed, file by file; only who is met anew is asked for.
    """
    wanted = pa.array(sorted(hashes), pa.string())
    installs: dict[str, set[str]] = {each: set() for each in hashes}
    for file in published_files(EVENTS, open_or_create(lake, EVENTS)):
        if app_of(file) != app_id:
            continue
        for batch in read_columns(lake, f"{EVENTS.name}/{file.path}", ["appsflyer_id", column]):
            hashed = hash_subjects(key, batch[column])
            rows = pa.table([hashed, batch["appsflyer_id"]], names=["hash", "install"])
            for row in rows.filter(pc.is_in(hashed, value_set=wanted)).to_pylist():
                if row["install"]:
                    installs[row["hash"]].add(fold_identifier(row["install"]))
    return {each: len(found) for each, found in installs.items()}


def _read_distinct(lake: Store, found: FoundFile) -> Iterator[dict[str, str | None]]:
    """Give the distinct combinations of ids in a file's found rows."""
    start = 0
    for batch in read_columns(lake, f"{EVENTS.name}/{found.file.path}", ID_COLUMNS):
        marks = pa.array(found.marks[start : start + batch.num_rows])
        start += batch.num_rows
        rows = pa.Table.from_batches([batch]).filter(marks)
        lists = rows["embedded_ids"].combine_chunks()
        joined = pa.array([texts and "\n".join(texts) for texts in lists.to_pylist()], pa.string())
        flat = rows.select(PERSON_FIELDS).append_column("embedded_ids", joined)
        yield from flat.group_by([*PERSON_FIELDS, "embedded_ids"]).aggregate([]).to_pylist()


def _owners(row: Mapping[str, str | None], lookup: Lookup) -> set[str]:
    texts = [row[name] for name in PERSON_FIELDS]
    texts += (row["embedded_ids"] or "").split("\n")
    found = (lookup.find_owner(fold_identifier(text)) for text in texts if text)
    return {owner for owner in found if owner is not None}


def _list_linked(row: Mapping[str, str | None], app_id: str, names: tuple[str, ...]) -> Iterator[LinkedId]:
    for name in names:
        text = row[name]
        if text and not is_placeholder(text):
            yield LinkedId(app_id, name, fold_identifier(text))
