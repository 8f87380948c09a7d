"""Where a request that was read is counted, and its answer decided and given."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from etl.liftoff.sandbox.counts import OPT_OUTS, POSTBACKS, PRODUCTION, TEST, Arrival, Book
from etl.liftoff.sandbox.credentials import Credentials
from etl.liftoff.sandbox.exchange import Exchange, RawHeaders
from etl.liftoff.sandbox.faults import REFUSING, TOSSED, Conduct, Dice, Fault, parse_conduct
from etl.liftoff.sandbox.limits import RateLimit
from etl.liftoff.sandbox.rules import Broken

Content = Mapping[str, object]

ACCEPTED: Final[Content] = {"status": "ok"}
NOT_PROCESSED: Final[Content] = {"status": "ok", "processed": False}
_AUTHENTICATE: Final = {POSTBACKS: b"Bearer", OPT_OUTS: b'Basic realm="opt_out"'}
_STATUSES: Final = {
    Fault.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Fault.TOO_MANY_RETRY_AFTER: HTTPStatus.TOO_MANY_REQUESTS,
    Fault.ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    Fault.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Fault.SAYS_ERROR: HTTPStatus.OK,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was read and judged; of its values only what the page may show."""

    api: str
    mode: str
    digests: tuple[bytes, ...]
    broken: tuple[Broken, ...]
    status: HTTPStatus
    refused_login: str | None = None
    event_name: str = ""
    platform: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """What is answered, whether that means accepted, and the fault that befalls it."""

    status: HTTPStatus
    content: Content
    headers: RawHeaders = ()
    is_accepted: bool = False
    fault: Fault | None = None
    broken: tuple[Broken, ...] = ()


class Desk:
    """Both interfaces' one place for counts, faults and limits."""

    def __init__(
        self,
        credentials: Credentials,
        conduct: Conduct,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin with nothing counted."""
        self.credentials = credentials
        self.book = Book()
        self._clock, self._now = clock, now
        self._dice = Dice(conduct)
        self._follow(conduct)

    def change_conduct(self, given: Mapping[str, object]) -> Conduct:
        """Change the conduct; the dice begin anew where a seed is given. UsageError as parsing raises it."""
        conduct = parse_conduct(given, self.conduct)
        if "seed" in given:
            self._dice = Dice(conduct)
        self._follow(conduct)
        return conduct

    def forget(self) -> None:
        """Forget everything that was counted; the conduct stays."""
        self.book = Book()

    async def serve(self, request: Request, exchange: Exchange) -> None:
        """Decide, count and answer."""
        course = self.decide(request)
        self._note(request, course)
        await self._carry_out(request, course, exchange)

    def decide(self, request: Request) -> Course:
        """Decide what is answered: credentials first, then the limit, the dice, and what it deserves."""
        if request.refused_login:
            headers = ((b"www-authenticate", _AUTHENTICATE[request.api]),)
            return _refuse(HTTPStatus.UNAUTHORIZED, "authorization", request.refused_login, headers)
        if not self._limits[request.api, request.mode].admit():
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS, "(request)", "rate", ((b"retry-after", b"1"),))
        fault = self._dice.choose()
        if fault in REFUSING:
            return self._befall(fault)
        is_accepted = request.status is HTTPStatus.OK and (fault not in TOSSED or self._dice.toss())
        return Course(
            request.status, _describe(request), is_accepted=is_accepted, fault=fault, broken=request.broken
        )

    def _follow(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self._dice.lay_out(conduct)
        per_second = {PRODUCTION: conduct.limit, TEST: conduct.test_limit}
        self._limits = {
            (api, mode): RateLimit(per_second[mode], self._clock)
            for api in (POSTBACKS, OPT_OUTS)
            for mode in (PRODUCTION, TEST)
        }

    def _befall(self, fault: Fault) -> Course:
        headers: RawHeaders = ()
        if fault is Fault.TOO_MANY_RETRY_AFTER:
            headers = ((b"retry-after", b"%d" % self.conduct.retry_after_seconds),)
        content = {"status": "error", "error": "The request was not accepted."}
        return Course(_STATUSES[fault], content, headers, fault=fault)

    def _note(self, request: Request, course: Course) -> None:
        tally = self.book.tallies[request.api, request.mode]
        tally.note(request.digests, course.broken, is_accepted=course.is_accepted, fault=course.fault)
        if request.event_name:
            self.book.name_event(request.event_name)
        self.book.recent.append(
            Arrival(
                at=self._now(),
                api=request.api,
                mode=request.mode,
                event_name=request.event_name,
                platform=request.platform,
                ids=request.ids,
                fingerprint=request.digests[0].hex()[:12] if request.digests else "",
                status=course.status,
                is_accepted=course.is_accepted,
                fault=course.fault,
                broken=course.broken,
            )
        )

    async def _carry_out(self, request: Request, course: Course, exchange: Exchange) -> None:
        # Whoever forgets everything meanwhile wants none of this counted after.
        tally = self.book.tallies[request.api, request.mode]
        status: int | None = None
        if course.fault is Fault.RESET:
            await exchange.reset()
        elif course.fault is Fault.NOTHING:
            await exchange.hold(self.conduct.nothing_seconds)
        elif course.fault is Fault.HALF:
            await exchange.answer_half(course.status, course.content, self._dice.cut, course.headers)
        else:
            is_late = course.fault is Fault.SLOW
            is_gone = is_late and await exchange.wait_gone(self.conduct.slow_seconds)
            if not is_gone and await exchange.answer(course.status, course.content, course.headers):
                status = course.status
        tally.note_answer(status)


def _describe(request: Request) -> Content:
    if request.broken:
        return {"status": "error", "errors": [each.describe() for each in request.broken]}
    return NOT_PROCESSED if request.status is HTTPStatus.ACCEPTED else ACCEPTED


def _refuse(status: HTTPStatus, parameter: str, rule: str, headers: RawHeaders) -> Course:
    broken = Broken(parameter, rule)
    content = {"status": "error", "errors": [broken.describe()]}
    return Course(status, content, headers, broken=(broken,))
