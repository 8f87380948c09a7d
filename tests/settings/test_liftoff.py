from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.settings import Liftoff, load_settings


def explain(folder: Path, text: str) -> str:
    """Return what a configuration is refused with."""
    file = folder / "pushlift.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(file)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://analytics.liftoff.io/v2/events?x={languag}", "did you mean {language}?"),
        ("https://analytics.liftoff.io/v2/events?ip={client_ip}", "lacks {liftoff_app_id}, "),
        ("ftp://analytics.liftoff.io", "is no web address"),
        ("https://[::1", "has no host"),
        ("http://analytics.liftoff.io/v2/events", "in the clear"),
        ("http://8.8.8.8/v2/events", "in the clear"),
    ],
)
def test_a_postback_url_that_cannot_be_filled_is_refused_at_start(
    tmp_path: Path, url: str, problem: str
) -> None:
    """An unknown macro, or a required one that is missing, is told before anything is planned."""
    message = explain(tmp_path, f'[liftoff]\npostback_url = "{url}"')
    assert "liftoff.postback_url" in message
    assert problem in message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v2", "http://[::1]/v2", "http://sandbox:8000/v2", "http://10.1.2.3/v2"]
)
def test_a_rehearsal_needs_no_certificate(url: str) -> None:
    """What stays within a machine or a network of one's own may go in the clear."""
    assert Liftoff(postback_url=url, opt_out_url=url).postback_url == url


def test_opt_outs_are_not_sent_in_the_clear(tmp_path: Path) -> None:
    """They hold ids, and their credentials."""
    message = explain(tmp_path, '[liftoff]\nopt_out_url = "http://analytics.liftoff.io/opt_out/v3/x"')
    assert "liftoff.opt_out_url" in message
    assert "in the clear" in message


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ('af_purchase = ""', "is empty"),
        ('af_purchase = "purchase_17104289661"', "made by a program"),
        ('af_purchase = "a\\u0007"', "control characters"),
        ('install = "first_open"', 'calls installs "install"'),
    ],
)
def test_events_need_fixed_names(tmp_path: Path, events: str, problem: str) -> None:
    """Liftoff wants a fixed vocabulary, so the configuration cannot have another."""
    message = explain(tmp_path, f'[apps."id1".events]\n{events}')
    assert "apps.id1.events" in message
    assert problem in message


def test_the_default_sends_everything_that_liftoff_knows(tmp_path: Path) -> None:
    """Without a word of configuration the URL is Liftoff's, with all parameters."""
    file = tmp_path / "pushlift.toml"
    file.write_text("", encoding="utf-8")
    assert load_settings(file).liftoff.postback_url == "https://analytics.liftoff.io/v2/events"


@pytest.mark.parametrize(
    ("rates", "connections"),
    [
        ({}, 16),
        ({"postbacks_per_second": 480}, 96),
        ({"test_postbacks_per_second": 480}, 96),
        ({"postbacks_per_second": 10_000}, 200),
        ({"postbacks_per_second": 500, "connections": 4}, 4),
    ],
)
def test_connections_follow_the_rate_unless_they_are_said(rates: dict[str, float], connections: int) -> None:
    """Enough for a fifth of a second, and never more in doubt than somebody wanted."""
    assert Liftoff.model_validate(rates).connections == connections


@pytest.mark.parametrize(
    "name",
    [
        *("give_up_hours", "keep_personal_days", "pair_settling_hours", "max_age_days"),
        *("backoff_seconds", "backoff_cap_seconds"),
    ],
)
@pytest.mark.parametrize("value", ["inf", "nan", "1e308"])
def test_times_are_ones_that_an_instant_can_bear(tmp_path: Path, name: str, value: str) -> None:
    """One that cannot be added to an instant would end a delivery between an answer and its record."""
    assert f"liftoff.{name}" in explain(tmp_path, f"[liftoff]\n{name} = {value}")
