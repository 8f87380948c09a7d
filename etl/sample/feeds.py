"""The endpoints whose messages landed: how each is framed, what it selects, how it spells blanks."""

from dataclasses import dataclass
from enum import Enum


class Frame(Enum):
    """How an endpoint stores the messages that it receives."""

    NDJSON = "ndjson"
    CONCATENATED = "concatenated"
    QUERY_LINES = "query lines"
    ACCESS_LOG = "access log"
    CLOUDFRONT = "cloudfront"


class Blank(Enum):
    """How a field without a value arrives."""

    ABSENT = "absent"
    NULL = "null"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Feed:
    """An endpoint; without an app it receives all of them."""

    folder: str
    frame: Frame
    blank: Blank
    app: int | None = None
    is_v1: bool = False
    is_gzipped: bool = True
    has_newer_fields: bool = False
    has_text_booleans: bool = False
    has_number_money: bool = False
    organic: str | None = "organic"
    unselected: tuple[str, ...] = ()

    @property
    def is_query(self) -> bool:
        """Say whether messages arrive as query strings."""
        return self.frame not in {Frame.NDJSON, Frame.CONCATENATED}

    @property
    def has_junk(self) -> bool:
        """Say whether the endpoint also kept what it should not have: only where a line is a message."""
        return self.frame is Frame.NDJSON and not self.is_v1


BENCHMARK_FEEDS = (Feed("push-v2", Frame.NDJSON, Blank.NULL),)

MIXED_FEEDS = (
    Feed("com.northlight.tileworld", Frame.NDJSON, Blank.NULL, app=0),
    Feed(
        "hoshi", Frame.NDJSON, Blank.ABSENT, app=2, has_newer_fields=True, has_number_money=True, organic=None
    ),
    Feed("tileworld-v1", Frame.NDJSON, Blank.NULL, app=0, is_v1=True),
    Feed("firehose", Frame.CONCATENATED, Blank.ABSENT, is_gzipped=False),
    Feed("access-logs", Frame.ACCESS_LOG, Blank.EMPTY, app=1, organic="Organic"),
    Feed("pixel", Frame.QUERY_LINES, Blank.ABSENT, app=2, is_gzipped=False, unselected=("appsflyer_id",)),
    Feed("cloudfront", Frame.CLOUDFRONT, Blank.ABSENT, organic="Organic"),
    Feed(
        "com.kitebazaar.shop", Frame.NDJSON, Blank.EMPTY, app=1, has_text_booleans=True, has_newer_fields=True
    ),
)
V1_FEED = 2
V1_TWIN_FEED = 0  # the same app's newer endpoint, running in parallel during the migration
TEST_FEEDS = (0, 4)  # somebody pressed Send Test for one POST and one GET endpoint
