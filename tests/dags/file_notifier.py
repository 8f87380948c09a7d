"""A notifier that appends what it is told to a file."""

from collections.abc import Sequence
from pathlib import Path

from airflow.sdk import BaseNotifier
from airflow.sdk.definitions.context import Context


class FileNotifier(BaseNotifier):
    """Appends its text, a template, as a line."""

    template_fields: Sequence[str] = ("text",)

    def __init__(self, path: str, text: str) -> None:
        """Keep where to write, and what."""
        super().__init__()
        self.path, self.text = path, text

    def notify(self, context: Context) -> None:
        """Append the text."""
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(f"{self.text}\n")
