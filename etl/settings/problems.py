"""What is wrong with a configuration, as sentences: the key, the value, the way out (pure)."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from etl.settings.models import ENVIRONMENT_DELIMITER, ENVIRONMENT_PREFIX, Settings
from etl.settings.secrets import has_url_password, is_secret_name, mask_url_password, name_variable

KeyPath = tuple[str | int, ...]


def name_key(location: KeyPath) -> str:
    """Return a key as it reads in TOML: `ingest.sources[0].template`, `apps."id1".events`."""
    name = ""
    for part in location:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            quoted = part if part.replace("_", "").replace("-", "").isalnum() else f'"{part}"'
            name += f".{quoted}" if name else quoted
    return name


def name_environment_variable(location: KeyPath) -> str:
    """Return the variable that overrides a key."""
    return ENVIRONMENT_PREFIX + ENVIRONMENT_DELIMITER.join(str(part) for part in location).upper()


def show_value(location: KeyPath, value: object) -> str:
    """Return ` = value` for a scalar that may be shown, else nothing."""
    if isinstance(value, dict | list | BaseModel) or value is None:
        return ""
    if any(is_secret_name(str(part)) for part in location):
        return " = (hidden)"
    return f" = {mask_url_password(repr(value))}"


def list_known_keys(location: KeyPath) -> list[str]:
    """Return the keys that the table at this location may have."""
    model: Any = Settings
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[str(part)].annotation
        else:
            model = next((kind for kind in get_args(model) if hasattr(kind, "model_fields")), None)
    return list(getattr(model, "model_fields", {}))


def explain_unknown_key(location: KeyPath) -> str:
    """Say what to do about a key that does not exist: a secret, a misspelling, or neither."""
    *table, key = location
    if is_secret_name(str(key)):
        variable = name_variable(str(key))
        return f"secrets do not belong in the file; set {variable or 'an environment variable'} instead"
    known = list_known_keys(tuple(table))
    close = get_close_matches(str(key), known, n=1)
    return f"no such key; did you mean {close[0]}?" if close else f"no such key; use {', '.join(known)}"


def explain_problem(error: ErrorDetails, environment: Mapping[str, str]) -> str:
    """Return one line for one of pydantic's errors."""
    location = error["loc"]
    variable = name_environment_variable(location)
    origin = f" (from {variable})" if variable in environment else ""
    if error["type"] == "extra_forbidden":
        remedy = explain_unknown_key(location)
    else:
        remedy = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{name_key(location)}{show_value(location, error['input'])}{origin}: {remedy}"


def walk_texts(table: object, location: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text in a TOML document with its location."""
    if isinstance(table, str):
        yield location, table
    elif isinstance(table, Mapping):
        for key, value in table.items():
            yield from walk_texts(value, (*location, key))
    elif isinstance(table, list):
        for position, value in enumerate(table):
            yield from walk_texts(value, (*location, position))


def find_passwords(document: Mapping[str, object]) -> list[str]:
    """Return one line for each URL in the file that carries a password."""
    return [
        f"{name_key(location)}{show_value(location, text)}: a password does not belong in the file; "
        f"set the whole URL in the environment variable {name_environment_variable(location)}"
        for location, text in walk_texts(document)
        if has_url_password(text)
    ]


def find_unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return one line for each variable that was meant to override a table that does not exist."""
    sections = [
        name_environment_variable((section, ""))
        for section, field in Settings.model_fields.items()
        if field.annotation is not bool
    ]
    strangers = [
        name
        for name in sorted(environment)
        if name.startswith(ENVIRONMENT_PREFIX)
        and ENVIRONMENT_DELIMITER in name
        and not name.startswith(tuple(sections))
    ]
    return [f"{name}: no such table; the variables start with {', '.join(sections)}" for name in strangers]
