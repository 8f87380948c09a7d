"""The rooms of ARCHITECTURE.md keep to themselves."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What a pure room may not reach: stores, databases, the network, and the rooms that do.
OUTWARD = frozenset(
    {
        "boto3",
        "deltalake",
        "fsspec",
        "requests",
        "s3fs",
        "socket",
        "sqlalchemy",
        "subprocess",
        "urllib.request",
        "etl.airflow",
        "etl.cli",
        "etl.jobs",
        "etl.lake",
        "etl.ledger",
        "etl.quality",
        "etl.settings",
        "etl.stores",
    }
)
LIGHT = frozenset(
    {
        *("__future__", "datetime", "os", "typing", "airflow.sdk"),
        *("etl.airflow.approving", "etl.airflow.notifying", "etl.airflow.retries"),
    }
)


def list_modules(folder: str) -> list[Path]:
    """List the modules below a folder."""
    return sorted((ROOT / folder).rglob("*.py"))


def imported_by(path: Path, *, at_top: bool = False) -> Iterator[str]:
    """Give the modules that a file imports; `at_top`, only those that importing the file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_top else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def reaches(imported: str, forbidden: frozenset[str]) -> bool:
    """Tell whether an import is one of the forbidden, or inside one."""
    return any(imported == name or imported.startswith(f"{name}.") for name in forbidden)


# What decides about postbacks; the rest of that room sends, or stands in for the partner.
PURE_LEAVING = [
    *(
        ROOT / "etl/liftoff" / f"{name}.py"
        for name in (
            *("addresses", "columns", "consent", "device_models", "event_names", "gates", "identifiers"),
            *(
                "languages",
                "media_sources",
                "money",
                "pairs",
                "parameters",
                "payloads",
                "policy",
                "postbacks",
            ),
            *("opt_out_answers", "opt_out_bodies", "preparing", "templates", "vocabulary"),
        )
    ),
    ROOT / "etl/subjects.py",
]


@pytest.mark.parametrize("path", list_modules("etl/appsflyer"), ids=lambda path: path.stem)
def test_what_arrives_is_read_without_reaching_out(path: Path) -> None:
    """The room of what arrives imports no store, database or network, nor what judges its rows."""
    assert [name for name in imported_by(path) if reaches(name, OUTWARD)] == []


@pytest.mark.parametrize("path", list_modules("etl/proving"), ids=lambda path: path.stem)
def test_proof_is_made_from_bytes(path: Path) -> None:
    """The room of proof imports no store, ledger, network or settings: bytes in, findings out."""
    assert [name for name in imported_by(path) if reaches(name, OUTWARD)] == []


@pytest.mark.parametrize("path", PURE_LEAVING, ids=lambda path: path.stem)
def test_what_leaves_is_decided_without_reaching_out(path: Path) -> None:
    """Mapping, gates and templates import no store, ledger, network or settings: values in, values out."""
    assert [name for name in imported_by(path) if reaches(name, OUTWARD)] == []


@pytest.mark.parametrize("path", list_modules("etl/opt_outs"), ids=lambda path: path.stem)
def test_lists_are_judged_without_reaching_out(path: Path) -> None:
    """Opt-out lists are bytes in and records out; of what leaves, the room knows shapes of ids alone."""
    imported = list(imported_by(path))
    assert [name for name in imported if reaches(name, OUTWARD)] == []
    leaving = {name for name in imported if reaches(name, frozenset({"etl.liftoff"}))}
    assert leaving <= {"etl.liftoff.identifiers"}


@pytest.mark.parametrize("path", list_modules("etl/reports"), ids=lambda path: path.stem)
def test_pages_are_built_from_values(path: Path) -> None:
    """The room of pages reads no lake and no ledger; it knows what a check is."""
    reached = [name for name in imported_by(path) if reaches(name, OUTWARD)]
    assert set(reached) <= {"etl.quality.checks"}


@pytest.mark.parametrize("path", list_modules("dags"), ids=lambda path: path.stem)
def test_dags_are_declarations(path: Path) -> None:
    """A DAG file imports only Airflow's SDK and light modules at its top; bodies import what they call."""
    assert set(imported_by(path, at_top=True)) <= LIGHT


def test_nothing_imports_the_command_line() -> None:
    """Stories know nothing of who calls them."""
    rooms = [path for path in list_modules("etl") if not {"cli", "airflow"} & set(path.parts)]
    callers = frozenset({"etl.cli"})
    assert [path.name for path in rooms if any(reaches(name, callers) for name in imported_by(path))] == []


def test_modules_stay_readable() -> None:
    """No module passes 300 lines, and none is a drawer for everything."""
    modules = [*list_modules("etl"), *list_modules("dags")]
    assert [path.name for path in modules if path.read_text(encoding="utf-8").count("\n") > 300] == []
    assert [
        path.name for path in modules if re.fullmatch(r"(utils?|helpers?|misc|common)\.py", path.name)
    ] == []
