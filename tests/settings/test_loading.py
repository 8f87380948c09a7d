from collections.abc import Callable
from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.settings import Settings, StoreOptions, find_config, load_settings

WriteConfig = Callable[[str], Path]


@pytest.fixture
def write_config(tmp_path: Path) -> WriteConfig:
    """Write the text as a configuration file and return its path."""

    def write(text: str) -> Path:
        file = tmp_path / "pushlift.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def explain(file: Path) -> str:
    """Return what a configuration is refused with."""
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(file)
    return str(refusal.value)


def test_an_empty_file_is_enough(write_config: WriteConfig, tmp_path: Path) -> None:
    """Every key has a default, and every default path lies beside the file."""
    storage = load_settings(write_config("")).storage

    assert storage.landing == str(tmp_path / "landing")
    assert storage.lake == str(tmp_path / "lake")
    assert storage.ledger == f"sqlite:///{tmp_path}/ledger.db"
    assert storage.scratch_uri == f"{tmp_path}/lake/_scratch"


def test_relative_paths_are_relative_to_the_file(write_config: WriteConfig, tmp_path: Path) -> None:
    """Where the command runs does not matter."""
    file = write_config('[storage]\nlanding = "../raw"\nledger = "sqlite:///state/l.db"')

    storage = load_settings(file).storage

    assert storage.landing == str(tmp_path.parent / "raw")
    assert storage.ledger == f"sqlite:///{tmp_path}/state/l.db"


def test_suites_lie_beside_the_file(write_config: WriteConfig, tmp_path: Path) -> None:
    """A folder of one's own is relative to it, too; without one, those that come along are used."""
    assert load_settings(write_config("")).quality.expectations is None

    quality = load_settings(write_config('[quality]\nexpectations = "suites"\nrequired = ["a.b"]')).quality

    assert (quality.expectations, quality.required) == (tmp_path / "suites", ("a.b",))


def test_object_storage_and_postgres_stay_as_written(write_config: WriteConfig) -> None:
    """A URI is no path: nothing is put before it."""
    file = write_config(
        '[storage]\nlanding = "s3://raw/push"\nlake = "gs://lake"\nledger = "postgresql+psycopg://db/pushlift"'
    )

    storage = load_settings(file).storage

    assert storage.landing == "s3://raw/push"
    assert storage.lake == "gs://lake"
    assert storage.ledger == "postgresql+psycopg://db/pushlift"


def test_everything_that_can_be_configured(write_config: WriteConfig) -> None:
    """The documented tables and keys are read as typed, frozen values."""
    settings = load_settings(
        write_config(
            r"""
            closed_apps = true
            [storage.options]
            endpoint_url = "http://127.0.0.1:8333"
            allow_http = true
            [ingest]
            batch_bytes = "16 MiB"
            landed_at_pattern = '(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)'
            sources = [{prefix = "partner/", template = "https://h/p?pid=(media source)", app_id = "id1"}]
            [liftoff]
            postbacks_per_second = 15
            [apps."id1234567890"]
            liftoff_app_id = "42"
            events = {install = "install", af_purchase = "purchase"}
            """
        )
    )

    assert settings.closed_apps
    assert settings.storage.options == StoreOptions(endpoint_url="http://127.0.0.1:8333", allow_http=True)
    assert settings.ingest.batch_bytes == 16 * 1024**2
    assert settings.ingest.sources[0].template == "https://h/p?pid=(media source)"
    assert settings.apps["id1234567890"].events["af_purchase"] == "purchase"


def test_the_environment_overrides_the_file(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PUSHLIFT_<TABLE>__<KEY> wins, and the keys beside it stay."""
    monkeypatch.setenv("PUSHLIFT_STORAGE__OPTIONS__REGION", "eu-west-1")
    monkeypatch.setenv("PUSHLIFT_INGEST__WORKERS", "3")

    settings = load_settings(write_config("[ingest]\nworkers = 1\nmax_chunks = 7"))

    assert settings.storage.options.region == "eu-west-1"
    assert (settings.ingest.workers, settings.ingest.max_chunks) == (3, 7)


def test_an_empty_variable_overrides_nothing(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unset secret of a container often arrives as an empty text."""
    monkeypatch.setenv("PUSHLIFT_INGEST__WORKERS", "")

    assert load_settings(write_config("[ingest]\nworkers = 2")).ingest.workers == 2


def test_the_environment_alone_can_configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container needs no file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUSHLIFT_STORAGE__LANDING", "s3://raw")

    assert load_settings().storage.landing == "s3://raw"


def test_all_problems_are_told_at_once(write_config: WriteConfig) -> None:
    """One run shows every line that has to change."""
    lines = explain(
        write_config('[ingest]\nworkers = -1\nmax_chunks = "many"\n[storage]\nlake = "ftp://x/y"')
    ).splitlines()

    assert len(lines) == 4
    assert "  ingest.workers = -1: should be greater than or equal to 0" in lines
    assert any(
        line.startswith("  storage.lake = 'ftp://x/y': has the unknown scheme 'ftp'") for line in lines
    )


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[ingest]\nworker = 4", "ingest.worker = 4: no such key; did you mean workers?"),
        ("[storge]\nlake = 'x'", "storge: no such key; did you mean storage?"),
        (
            '[apps."com.x"]\nliftof_app_id = "1"',
            "apps.\"com.x\".liftof_app_id = '1': no such key; did you mean",
        ),
        ("[[ingest.sources]]\nprefix = 'x'\ntemplat = 'y'", "ingest.sources[0].templat = 'y': no such key"),
        ("[storage.options]\nzzz = 1", "use endpoint_url, region, allow_http"),
    ],
)
def test_an_unknown_key_gets_the_nearest_one(write_config: WriteConfig, text: str, remedy: str) -> None:
    """A misspelled key is never ignored, at any depth."""
    assert remedy in explain(write_config(text))


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("[liftoff]\napi_key = 'hunter2'", "PUSHLIFT_LIFTOFF_API_KEY"),
        ("[liftoff]\nopt_out_password = 'hunter2'", "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD"),
        ("hash_key = 'hunter2'", "PUSHLIFT_HASH_KEY"),
        ("[storage.options]\nsecret_access_key = 'hunter2'", "AWS_SECRET_ACCESS_KEY"),
        ("[storage.options]\nkey = 'hunter2'", "AWS_ACCESS_KEY_ID"),
        ("[credentials]\nword = 'hunter2'", "an environment variable"),
        ("[storage]\nledger = 'postgresql+psycopg://u:hunter2@db/x'", "PUSHLIFT_STORAGE__LEDGER"),
        ("[storage]\nledger = 'postgresql+psycopg://u:x@hunter2@db/x'", "PUSHLIFT_STORAGE__LEDGER"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(
    write_config: WriteConfig, text: str, variable: str
) -> None:
    """The refusal names the variable to use, and never repeats the secret."""
    explanation = explain(write_config(text))

    assert variable in explanation
    assert "hunter2" not in explanation


def test_a_password_from_the_environment_is_accepted_and_not_shown(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger's URL may carry its password in the environment; the settings' text form leaves it out."""
    monkeypatch.setenv("PUSHLIFT_STORAGE__LEDGER", "postgresql+psycopg://u:hunter2@db/x")

    settings = load_settings(write_config(""))

    assert settings.storage.ledger.endswith("u:hunter2@db/x")
    assert "hunter2" not in f"{settings} {settings!r}"


def test_a_bad_variable_is_named_with_its_origin(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks into the file for a value that the environment gave."""
    monkeypatch.setenv("PUSHLIFT_INGEST__WORKERS", "many")

    assert "ingest.workers = 'many' (from PUSHLIFT_INGEST__WORKERS)" in explain(write_config(""))


def test_a_misspelled_variable_is_refused(write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that would override nothing is a mistake."""
    monkeypatch.setenv("PUSHLIFT_STORGE__LAKE", "x")

    assert "PUSHLIFT_STORGE__LAKE: no such table" in explain(write_config(""))


def test_a_variable_with_broken_json_is_refused(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole table may come as JSON; broken JSON is an error of the configuration."""
    monkeypatch.setenv("PUSHLIFT_APPS", "{")

    assert "apps" in explain(write_config(""))


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("landed_at_pattern", "(", "is no regular expression"),
        ("landed_at_pattern", r"(?P<year>\d+)", "needs the named groups year, month, day"),
        ("envelope", "body", "write it as $.name"),
    ],
)
def test_a_value_that_cannot_work_is_refused(
    write_config: WriteConfig, key: str, value: str, remedy: str
) -> None:
    """What would fail in the middle of a run fails before it."""
    assert remedy in explain(write_config(f"[ingest]\n{key} = '{value}'"))


@pytest.mark.parametrize("folder", ["reports", "events/x", "_scratch", "../_out", "_a/../b", ""])
def test_pages_go_where_no_table_is(write_config: WriteConfig, folder: str) -> None:
    """Their folder lies in the lake's store, under a name that readers of tables pass over."""
    assert "must begin with an underscore" in explain(write_config(f"[reports]\nfolder = '{folder}'"))


def test_a_template_needs_a_macro(write_config: WriteConfig) -> None:
    """A template without macros would read nothing from a postback."""
    text = "[[ingest.sources]]\nprefix = 'p'\ntemplate = 'https://host/path?pid=fixed'"

    assert "has no macro" in explain(write_config(text))


@pytest.mark.parametrize(
    "text",
    [
        "[storage]\nlanding = 'all'\nlake = 'all/lake'",
        "[storage]\nlanding = 'x'\nlake = 'x'",
        "[storage]\nlanding = 's3://b/raw'\nlake = 's3://b/raw/lake'",
    ],
)
def test_stores_may_not_lie_in_each_other(write_config: WriteConfig, text: str) -> None:
    """A lake in the landing would be read as landed objects."""
    assert "storage.lake = " in explain(write_config(text))


def test_neighbours_with_one_beginning_are_two_stores(write_config: WriteConfig) -> None:
    """`landing` does not contain `landing_lake`."""
    settings = load_settings(write_config("[storage]\nlanding = 'landing'\nlake = 'landing_lake'"))

    assert settings.storage.lake.endswith("landing_lake")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A wrong --config is told, not replaced by defaults."""
    assert "no such file; write one, or name another" in explain(tmp_path / "absent.toml")


def test_broken_toml_is_told_with_its_line(write_config: WriteConfig) -> None:
    """The way out of a syntax error is its place."""
    assert "line 2" in explain(write_config("closed_apps = true\nbroken\nagain"))


def test_the_variable_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PUSHLIFT_CONFIG counts where no argument is given."""
    monkeypatch.setenv("PUSHLIFT_CONFIG", str(tmp_path / "other.toml"))

    assert find_config() == tmp_path / "other.toml"
    assert find_config(Path("mine.toml")) == Path("mine.toml")


def test_settings_are_frozen(write_config: WriteConfig) -> None:
    """Nothing changes the configuration of a run while it runs."""
    settings: Settings = load_settings(write_config(""))
    name = "workers"

    with pytest.raises(ValueError, match="frozen"):
        setattr(settings.ingest, name, 9)


@pytest.mark.parametrize("hours", ["inf", "nan", "1e30", "-1"])
def test_the_tolerance_is_a_time_that_an_instant_can_be_off(write_config: WriteConfig, hours: str) -> None:
    """No run has to find out that an instant plus the tolerance is none."""
    message = explain(write_config(f"[ingest]\nfuture_tolerance_hours = {hours}\n"))

    assert f"ingest.future_tolerance_hours = {hours.replace('1e30', '1e+30')}" in message


def test_each_source_has_a_prefix_of_its_own(write_config: WriteConfig) -> None:
    """Of two with one prefix only one could ever be used."""
    message = explain(
        write_config(
            '[[ingest.sources]]\nprefix = "a/"\n[[ingest.sources]]\nprefix = "a/"\nenvelope = "$.body"\n'
        )
    )

    assert "'a/' is the prefix of two sources" in message
