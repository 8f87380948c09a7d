"""`pushlift explain`."""

from dataclasses import asdict
from typing import Annotated

import typer

from etl.cli.logs import note_reveal
from etl.cli.options import AsJson, Config, Reveal
from etl.cli.output import make_printable, show


def explain(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="An event's id, or an occurrence's.")],
    reveal: Reveal = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show an event from its landed line to its row in the lake, with personal data masked."""
    from etl.jobs.explaining import describe_explanation, explain_event
    from etl.settings import load_settings

    found = explain_event(load_settings(config), event_id, is_revealed=reveal)
    if reveal:
        note_reveal("event", event_id)
    lines = (make_printable(line) for each in found for line in describe_explanation(each))
    show({"events": [asdict(each) for each in found]}, lines, as_json=as_json)
