import logging

import pytest
import typer

from etl.cli.progress import log_tenths, stop_on_interrupt


def test_each_tenth_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A log is not flooded, whatever a step tells."""
    caplog.set_level(logging.INFO, "etl")
    tell = log_tenths()
    for done in range(1001):
        tell("normalize", done, 1000)
    tell("publish", 0, 0)

    assert [record.message for record in caplog.records] == [
        *(f"normalize: {tenth} %" for tenth in range(0, 101, 10)),
        "publish: 100 %",
    ]


def test_an_interrupt_becomes_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code that shells know."""
    with pytest.raises(typer.Exit) as stopped, stop_on_interrupt("nothing is lost"):
        raise KeyboardInterrupt

    assert stopped.value.exit_code == 130
    assert capsys.readouterr().err == "pushlift: interrupted; nothing is lost\n"
