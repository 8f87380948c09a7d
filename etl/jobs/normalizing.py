"""Normalize one chunk of landed objects into scratch: bytes to typed rows, what cannot be read set aside.

The unit of scale-out: a worker process or a mapped Airflow task takes a chunk. Memory is bounded by the
batch, never by the object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.formats.framing import read_blocks
from etl.appsflyer.lines import LineMerger, Lines
from etl.appsflyer.macros import parse_template
from etl.appsflyer.messages import Block, Reject, TextBatch
from etl.appsflyer.normalize import TypedBatch, normalize_batch
from etl.appsflyer.parse import JsonParser
from etl.appsflyer.pull.source import PullSource
from etl.appsflyer.read import ReadingRules, ReadLines, read_lines
from etl.appsflyer.row_rules import FIELD_OF
from etl.erased import LINKED, LINKED_USER, Erased, Met
from etl.errors import ObjectChanged, ObjectForbidden, ObjectVanished
from etl.jobs.discovery import RunObject
from etl.jobs.pulls.reading import read_pulled
from etl.jobs.tallying import Tally
from etl.lake.anonymize import anonymize_columns, choose_new_ids, search_own_ids
from etl.lake.quarantine import QuarantinedMessage, quarantine_table
from etl.lake.spill import NO_OBJECT, ChunkOutcome, ObjectOutcome, SpillWriter
from etl.quality.flagging import flag_rows
from etl.quality.rows import RowRules, judge_rows
from etl.settings.models import Ingest, Settings
from etl.stores import Store, open_object, open_store

Mask = npt.NDArray[np.bool_]

_ERROR_CODES = {ObjectForbidden: "forbidden", ObjectVanished: "vanished", ObjectChanged: "changed"}


def normalize_chunk(
    settings: Settings,
    name: str,
    objects: Sequence[RunObject],
    erased: Erased | None = None,
    pull: PullSource | None = None,
) -> ChunkOutcome:
    """Normalize the objects of a chunk, and leave it whole in scratch under `name`.

    Messages of people who were `erased` are counted and left out, or, by policy, kept without what tells of
    them: rows that can be published, under new ids. An object that vanished, changed or is forbidden fails
    alone. With `pull`, the objects are files of the Pull API. Raises StorageError when the store itself
    fails.
    """
    scratch = open_store(settings.storage.scratch_uri, settings.storage.options)
    landing = open_store(settings.storage.landing, settings.storage.options)
    pulled = open_store(settings.storage.pull, settings.storage.options)
    with SpillWriter(scratch, name) as spill:
        chunk = _Chunk(settings, {each.ordinal: each for each in objects}, JsonParser(), spill, erased)
        if pull is not None:
            for each in objects:
                chunk.read_pulled(pulled, each, pull)
            return spill.finish(tuple(chunk.outcome_of(each) for each in objects))
        for rules, members in group_by_rules(settings.ingest, objects):
            chunk.read_objects(landing, members, rules)
        met = tuple(sorted(chunk.met, key=lambda each: (each.subject, each.app_id, each.forms)))
        return spill.finish(tuple(chunk.outcome_of(each) for each in objects), met)


def group_by_rules(
    ingest: Ingest, objects: Sequence[RunObject]
) -> Iterator[tuple[ReadingRules, list[RunObject]]]:
    """Group objects by the configured source that their key's prefix belongs to, the longest prefix first."""
    sources = sorted(ingest.sources, key=lambda source: len(source.prefix), reverse=True)
    groups: dict[int, list[RunObject]] = {}
    for each in objects:
        place = next((n for n, source in enumerate(sources) if each.landed.key.startswith(source.prefix)), -1)
        groups.setdefault(place, []).append(each)
    for place, members in groups.items():
        source = sources[place] if place >= 0 else None
        yield (
            ReadingRules(
                template=parse_template(source.template) if source and source.template else None,
                envelope=(source.envelope if source else None) or ingest.envelope,
                app_id=source.app_id if source else None,
            ),
            members,
        )


class _Chunk:
    """A chunk on its way through reading, normalizing and judging."""

    def __init__(
        self,
        settings: Settings,
        objects: Mapping[int, RunObject],
        parser: JsonParser,
        spill: SpillWriter,
        erased: Erased | None,
    ) -> None:
        self.tally = Tally()
        self.met: set[Met] = set()
        self._settings = settings
        self._objects = objects
        self._parser = parser
        self._spill = spill
        self._erased = erased
        self._renew = None if erased is None else choose_new_ids(settings.opt_outs.new_events, erased.key)
        self._row_rules = RowRules(frozenset(settings.apps) if settings.closed_apps else None)
        tolerance = int(settings.ingest.future_tolerance_hours * 3_600_000_000)
        self._latest = {
            ordinal: int(each.landed_by.timestamp() * 1_000_000) + tolerance
            for ordinal, each in objects.items()
        }

    def read_objects(self, landing: Store, objects: Sequence[RunObject], rules: ReadingRules) -> None:
        """Read objects of one source.

        Small ones are merged, so that a message a file costs little more than a line.
        """
        merger = LineMerger(self._settings.ingest.batch_bytes)
        for each in objects:
            try:
                for lines in self._read_object(landing, each, merger):
                    self._take(lines, read_lines(lines, self._parser, rules))
            except (ObjectForbidden, ObjectVanished, ObjectChanged) as error:
                self.tally.errors[each.ordinal] = _ERROR_CODES[type(error)]
        for lines in merger.flush():
            self._take(lines, read_lines(lines, self._parser, rules))

    def read_pulled(self, store: Store, each: RunObject, pull: PullSource) -> None:
        """Read a file of the Pull API; raises UsageError where it is none."""
        try:
            for block, lines, read in read_pulled(store, each, pull, self._settings.ingest.batch_bytes):
                self._count(each.ordinal, block)
                self._take(lines, read)
        except (ObjectForbidden, ObjectVanished, ObjectChanged) as error:
            self.tally.errors[each.ordinal] = _ERROR_CODES[type(error)]

    def outcome_of(self, each: RunObject) -> ObjectOutcome:
        """Tell what became of an object."""
        error_code = self.tally.errors.get(each.ordinal)
        reasons = Counter[str]() if error_code else self.tally.quarantined[each.ordinal]
        return ObjectOutcome(
            ordinal=each.ordinal,
            uri=each.landed.uri,
            version=each.landed.version,
            size=each.landed.size,
            landed_at=each.landed_at.isoformat(),
            messages=0 if error_code else self.tally.messages[each.ordinal],
            rows=0 if error_code else self.tally.rows[each.ordinal],
            quarantined=reasons.total(),
            error_code=error_code,
            reasons=tuple(sorted(reasons.items())),
            suppressed=0 if error_code else self.tally.suppressed[each.ordinal],
        )

    def _read_object(self, landing: Store, each: RunObject, merger: LineMerger) -> Iterator[Lines]:
        with open_object(landing, each.landed) as raw:
            for block in read_blocks(raw, block_bytes=self._settings.ingest.batch_bytes):
                self._count(each.ordinal, block)
                yield from merger.add(each.ordinal, block)

    def _count(self, ordinal: int, block: Block) -> None:
        self.tally.messages[ordinal] += block.messages + len(block.rejects)
        self._quarantine_rejects(ordinal, block.rejects)

    def _take(self, lines: Lines, read: ReadLines) -> None:
        """Normalize, judge and spill what lines came to."""
        for line, more in read.extra_messages.items():
            self.tally.messages[int(lines.objects[line])] += more
        self._quarantine(
            [
                QuarantinedMessage(
                    object=int(lines.objects[each.line]),
                    position=int(lines.positions[each.line]),
                    reason=each.reason,
                    raw=lines.raw(each.line) if each.raw is None else each.raw,
                )
                for each in read.rejects
            ]
        )
        for batch in read.batches:
            if batch.rows:
                self._normalize(lines, batch)

    def _normalize(self, lines: Lines, batch: TextBatch) -> None:
        numbers = batch.positions
        typed = normalize_batch(replace(batch, positions=lines.positions[numbers]))
        objects = lines.objects[numbers]
        judged = judge_rows(typed, self._latest_of(objects), self._row_rules)
        marks = self._mark_erased(typed, batch)
        kept_without = self._choose_kept(typed, objects, marks, [row for row, _ in judged])
        gone: list[int] = np.flatnonzero(marks & ~kept_without).tolist()
        self.tally.suppressed.update(objects[gone].tolist())
        void = {*batch.void.tolist(), *gone}
        judged = [(row, reason) for row, reason in judged if row not in void]
        if judged:
            texts = typed.texts_of([row for row, _ in judged])
            self._quarantine(
                [
                    QuarantinedMessage(
                        object=int(objects[row]),
                        position=int(lines.positions[numbers[row]]),
                        reason=reason,
                        raw=lines.raw(int(numbers[row])),
                        field=FIELD_OF[reason],
                        message=message,
                    )
                    for (row, reason), message in zip(judged, texts, strict=True)
                ]
            )
        objects = objects.copy()
        objects[batch.void] = objects[gone] = objects[[row for row, _ in judged]] = NO_OBJECT
        kept = objects[objects != NO_OBJECT]
        if len(kept):
            flagged = replace(typed, flags=flag_rows(typed))
            self._spill.add(*self._take_out(flagged, objects, kept_without))
            self.tally.rows.update(kept.tolist())

    def _mark_erased(self, typed: TypedBatch, batch: TextBatch) -> Mask:
        """Mark the rows of people who were erased, and note what other ids these hold."""
        if self._erased is None:
            return np.zeros(typed.rows, dtype=bool)
        marks = self._erased.mark_rows(typed.columns, typed.rows)
        marks[batch.void] = False
        if marks.any():
            with_user_ids = self._settings.opt_outs.suppress_customer_user_id
            names = (*LINKED, LINKED_USER) if with_user_ids else LINKED
            self.met |= self._erased.list_met(typed.columns, marks, names)
        return marks

    def _choose_kept(
        self, typed: TypedBatch, objects: npt.NDArray[np.int32], marks: Mask, judged: Sequence[int]
    ) -> Mask:
        """Choose those of the marked rows that stay without their person: none unless the policy says so.

        A row that must be set aside goes, because what is set aside is text; so does one of an object whose
        name holds an id of theirs.
        """
        if self._renew is None or not marks.any():
            return np.zeros(typed.rows, dtype=bool)
        stays = marks.copy()
        stays[judged] = False
        search = search_own_ids(typed.columns, marks)
        telling = [
            each
            for each in np.unique(objects[marks]).tolist()
            if search.holds(self._objects[each].landed.uri)
        ]
        return stays & ~np.isin(objects, telling)

    def _take_out(
        self, typed: TypedBatch, objects: npt.NDArray[np.int32], marks: Mask
    ) -> tuple[TypedBatch, npt.NDArray[np.int32], dict[int, str]]:
        """Take people out of the marked rows; gives the batch with the ids that these had."""
        if self._renew is None or not marks.any():
            return typed, objects, {}
        places = np.flatnonzero(marks)
        old = typed.columns["event_id"].take(pa.array(places)).to_pylist()
        search = search_own_ids(typed.columns, marks)
        columns = anonymize_columns(typed.columns, marks, self._renew, search)
        return replace(typed, columns=columns), objects, dict(zip(places.tolist(), old, strict=True))

    def _latest_of(self, objects: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Give each row the latest instant at which its event can have happened."""
        distinct, inverse = np.unique(objects, return_inverse=True)
        return np.array([self._latest[ordinal] for ordinal in distinct.tolist()], dtype=np.int64)[inverse]

    def _quarantine_rejects(self, ordinal: int, rejects: Sequence[Reject]) -> None:
        self._quarantine(
            [
                QuarantinedMessage(object=ordinal, position=each.position, reason=each.reason, raw=each.raw)
                for each in rejects
            ]
        )

    def _quarantine(self, messages: Sequence[QuarantinedMessage]) -> None:
        if self._erased is not None:
            is_named = [self._erased.is_named(each.raw) for each in messages]
            self.tally.suppressed.update(
                each.object for each, is_erased in zip(messages, is_named, strict=True) if is_erased
            )
            messages = [each for each, is_erased in zip(messages, is_named, strict=True) if not is_erased]
        if messages:
            self._spill.quarantine(quarantine_table(messages))
            for message in messages:
                self.tally.quarantined[message.object][str(message.reason)] += 1
