"""What can be configured: names, types, limits and defaults. Unknown keys are refused."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, ByteSize, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from etl.appsflyer.envelope_path import ENVELOPE_PATH
from etl.appsflyer.macros import parse_template
from etl.settings.liftoff import App, Liftoff
from etl.settings.locations import check_ledger_url, check_location
from etl.settings.opt_outs import OptOuts
from etl.settings.reports import Reports
from etl.settings.retention import Retention
from etl.settings.sections import HttpUrl, Section

ENVIRONMENT_PREFIX: Final = "PUSHLIFT_"
ENVIRONMENT_DELIMITER: Final = "__"
LANDED_AT_PARTS: Final = frozenset({"year", "month", "day", "hour"})


def check_landed_at_pattern(pattern: str) -> str:
    """Accept a regular expression that finds a date, and perhaps an hour, in an object's key."""
    try:
        names = set(re.compile(pattern).groupindex)
    except re.error as error:
        message = f"is no regular expression: {error}"
        raise ValueError(message) from None
    if names | {"hour"} != LANDED_AT_PARTS:
        message = (
            "needs the named groups year, month, day and optionally hour, "
            r"such as (?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/(?P<hour>\d\d)"
        )
        raise ValueError(message)
    return pattern


def check_template(template: str) -> str:
    """Accept a postback URL whose parameters name macros in parentheses (AppsFlyer: postback macros)."""
    parse_template(template)
    return template


def check_envelope(path: str) -> str:
    """Accept a JSON path of names, from the landed document to the message in it."""
    if not ENVELOPE_PATH.fullmatch(path):
        message = (
            'is no path of names and places to the message; write it as $.name, $.name[0].name or $."a-name"'
        )
        raise ValueError(message)
    return path


Location = Annotated[str, AfterValidator(check_location)]
LedgerUrl = Annotated[str, AfterValidator(check_ledger_url)]
Envelope = Annotated[str, AfterValidator(check_envelope)]
LandedAtPattern = Annotated[str, AfterValidator(check_landed_at_pattern)]
Template = Annotated[str, AfterValidator(check_template)]


class StoreOptions(Section):
    """How object storage is reached; credentials come from the environment that each vendor's tools read."""

    endpoint_url: HttpUrl | None = None
    region: str | None = None
    allow_http: bool = False
    account_name: str | None = None
    project: str | None = None


class Storage(Section):
    """Where things are: a folder, or `s3://`, `gs://`, `abfs://` with bucket and prefix."""

    landing: Location = "landing"
    lake: Location = "lake"
    opt_outs: Location = "opt_outs"
    pull: Location = "pull"
    ledger: LedgerUrl = Field(default="sqlite:///ledger.db", repr=False)
    scratch: Location | None = None
    options: StoreOptions = StoreOptions()

    @property
    def scratch_uri(self) -> str:
        """Where a run spills its batches: `scratch`, else `_scratch` in the lake, which no table reads."""
        return self.scratch or f"{self.lake.rstrip('/')}/_scratch"


class Source(Section):
    """What is special about the objects whose keys start with `prefix` (relative to `landing`)."""

    prefix: str
    template: Template | None = None
    envelope: Envelope | None = None
    app_id: str | None = None


def check_sources(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Accept sources whose prefixes differ."""
    prefixes = [source.prefix for source in sources]
    for prefix in prefixes:
        if prefixes.count(prefix) > 1:
            message = f"{prefix!r} is the prefix of two sources, of which one is never used; join them"
            raise ValueError(message)
    return sources


Sources = Annotated[tuple[Source, ...], AfterValidator(check_sources)]


class Ingest(Section):
    """How landed objects are read; sizes are bytes, as a number or as text such as "16 MiB"."""

    workers: int = Field(default=0, ge=0, le=256)
    chunk_bytes: ByteSize = Field(default=ByteSize(32 * 1024**2), ge=1024)
    max_chunks: int = Field(default=200, ge=1, le=1000)
    batch_bytes: ByteSize = Field(default=ByteSize(32 * 1024**2), ge=64 * 1024, le=1024**3)
    # A century: an instant of ours plus this is one that every type can hold.
    future_tolerance_hours: float = Field(default=1, ge=0, le=876_600)
    envelope: Envelope | None = None
    landed_at_pattern: LandedAtPattern | None = None
    sources: Sources = ()


class Quality(Section):
    """How a run's rows are audited before anybody sees them.

    Without `audit` they are published unjudged. `expectations` is a folder of suites; None means those that
    come with pushlift. `required` are rules of history whose failure shall hold a batch back.
    """

    audit: bool = True
    expectations: Path | None = None
    required: tuple[str, ...] = ()
    silence_hours: int = Field(default=24, ge=1)


class Settings(BaseSettings):
    """Everything that is configured; `apps` is keyed by AppsFlyer app id.

    With `closed_apps`, messages of an app that has no entry are quarantined instead of published.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        env_ignore_empty=True,
    )

    storage: Storage = Storage()
    ingest: Ingest = Ingest()
    quality: Quality = Quality()
    liftoff: Liftoff = Liftoff()
    opt_outs: OptOuts = OptOuts()
    retention: Retention = Retention()
    reports: Reports = Reports()
    apps: dict[str, App] = Field(default_factory=dict)
    closed_apps: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and read nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
