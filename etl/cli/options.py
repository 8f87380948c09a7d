"""The options that every command takes."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; else PUSHLIFT_CONFIG, else pushlift.toml."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object of results, and nothing else.")]
