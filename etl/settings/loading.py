"""Find the file, read it, let the environment override it, and report every problem at once."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import SettingsError

from etl.errors import ConfigurationError
from etl.settings.locations import find_overlaps, resolve_ledger_url, resolve_location
from etl.settings.models import ENVIRONMENT_DELIMITER, ENVIRONMENT_PREFIX, Settings, Storage
from etl.settings.problems import explain_problem, find_passwords, find_unknown_variables

CONFIG_VARIABLE: Final = "PUSHLIFT_CONFIG"
DEFAULT_CONFIG: Final = Path("pushlift.toml")


def find_config(path: Path | None = None) -> Path:
    """Return the configuration's path: the argument, else PUSHLIFT_CONFIG, else ./pushlift.toml."""
    return path or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def read_document(file: Path) -> dict[str, Any]:
    """Return the file's TOML; a file is not needed where the environment configures anything."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file == DEFAULT_CONFIG and is_configured_by_environment(os.environ):
            return {}
        message = f"{file}: no such file; write one, or name another with --config or {CONFIG_VARIABLE}"
        raise ConfigurationError(message) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{file}: cannot be read as TOML: {error}"
        raise ConfigurationError(message) from None


def is_configured_by_environment(environment: Mapping[str, str]) -> bool:
    """Say whether any variable overrides a key of the file."""
    return any(name.startswith(ENVIRONMENT_PREFIX) and ENVIRONMENT_DELIMITER in name for name in environment)


def load_settings(path: Path | None = None) -> Settings:
    """Return the validated settings, with every path absolute.

    The file is `path`, else PUSHLIFT_CONFIG, else ./pushlift.toml. A variable PUSHLIFT_<TABLE>__<KEY>
    overrides a key. Relative paths, the overriding ones too, are relative to the file's folder.
    Raises ConfigurationError with one line a problem, all of them together.
    """
    file = find_config(path)
    document = read_document(file)
    problems = find_passwords(document) + find_unknown_variables(os.environ)
    try:
        settings = Settings(**document)
    except ValidationError as error:
        problems += [explain_problem(detail, os.environ) for detail in error.errors(include_url=False)]
    except SettingsError as error:
        problems.append(f"{error}: the variable holds no JSON for this table")
    else:
        settings = resolve_paths(settings, file.absolute().parent)
        problems += explain_overlaps(settings.storage)
        if not problems:
            return settings
    raise ConfigurationError("\n  ".join([f"{file}: the configuration is not usable:", *problems]))


def resolve_paths(settings: Settings, folder: Path) -> Settings:
    """Return the settings with every path absolute."""
    storage = settings.storage
    resolved = {
        name: resolve_location(location, folder)
        for name in ("landing", "lake", "opt_outs", "pull", "scratch")
        if (location := getattr(storage, name)) is not None
    }
    ledger = resolve_ledger_url(storage.ledger, folder)
    quality = settings.quality
    if quality.expectations is not None:
        quality = quality.model_copy(update={"expectations": folder / quality.expectations})
    places = storage.model_copy(update={**resolved, "ledger": ledger})
    return settings.model_copy(update={"storage": places, "quality": quality})


def explain_overlaps(storage: Storage) -> list[str]:
    """Return one line for each store that lies in another: its objects would be taken for the other's."""
    stores = {name: getattr(storage, name) for name in ("landing", "lake", "opt_outs", "pull")}
    return [
        f"storage.{inner} = {stores[inner]!r}: lies in storage.{outer}; give each a folder of its own"
        for inner, outer in find_overlaps(stores)
    ]
