"""The story of a check: configuration, landing, lake, ledger, suites, credentials, each with the way out.

Nothing that a run reads or writes is changed; the lake's folder is made if it is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etl.errors import ConfigurationError, LedgerUpgradeNeeded, PushliftError
from etl.jobs.ahead import check_suites
from etl.ledger.database import open_ledger
from etl.ledger.suppressions import is_hash_key_known
from etl.ledger.upgrade import ledger_status
from etl.settings import Secrets, Settings, find_config, load_secrets, load_settings
from etl.stores import find_old_versions, list_objects, open_object, open_store, probe_conditional_put


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `exit_code` 0 is in order, 1 a failure of a store, 2 something to configure."""

    subject: str
    message: str
    exit_code: int = 0


def check_installation(config: Path | None = None) -> tuple[Finding, ...]:
    """Check everything that a run needs and report all of it; only without a configuration it stops there."""
    try:
        settings = load_settings(config)
    except ConfigurationError as error:
        return (Finding("configuration", error.message, error.exit_code),)
    return (
        Finding("configuration", f"{find_config(config).absolute()} is valid"),
        find_out("landing", lambda: check_landing(settings)),
        find_out("lake", lambda: check_lake(settings)),
        find_out("old versions", lambda: describe_old_versions(settings)),
        find_out("ledger", lambda: check_ledger(settings.storage.ledger)),
        find_out("hash key", lambda: check_key(settings.storage.ledger, load_secrets())),
        find_out("suites", lambda: check_expectations(settings)),
        find_out("credentials", lambda: check_credentials(settings, load_secrets())),
    )


def find_out(subject: str, check: Callable[[], str]) -> Finding:
    """Return what a check says, or the error that it raises."""
    try:
        return Finding(subject, check())
    except PushliftError as error:
        return Finding(subject, error.message, error.exit_code)


def check_landing(settings: Settings) -> str:
    """List the landing and read the first byte of its first object."""
    store = open_store(settings.storage.landing, settings.storage.options)
    first = next(iter(list_objects(store)), None)
    if first is None:
        return f"{store.uri} can be listed; nothing has landed yet"
    with open_object(store, first, block_bytes=1024) as file:
        file.read(1)
    return f"{store.uri} can be read"


def check_lake(settings: Settings) -> str:
    """Write to the lake as two racing commits would."""
    store = open_store(settings.storage.lake, settings.storage.options)
    probe_conditional_put(store)
    return f"{store.uri} can be written, and conditional puts are safe"


def describe_old_versions(settings: Settings) -> str:
    """Say where what is erased stays as an old version; only people can change that."""
    storage = settings.storage
    places = (storage.landing, storage.lake, storage.opt_outs, storage.pull)
    stores = (open_store(uri, storage.options) for uri in places)
    found = [find_old_versions(store) for store in stores]
    told = [each.describe() for each in found if each.state != "none"]
    return "; ".join(told) or "no store keeps what is erased"


def check_ledger(url: str) -> str:
    """Ask the ledger for its revision."""
    status = ledger_status(url)
    if not status.exists:
        return "does not exist yet; the first run creates it"
    if status.needs_upgrade:
        message = f"is at revision {status.current}, needed is {status.head}; run pushlift ledger upgrade"
        raise LedgerUpgradeNeeded(message)
    return f"is at revision {status.current}"


def check_key(url: str, secrets: Secrets) -> str:
    """See that the key of people's hashes is the ledger's; nobody is bound to a key by this."""
    status, keys = ledger_status(url), secrets.list_hash_keys()
    if status.exists and not status.needs_upgrade:
        ledger = open_ledger(url)
        is_known = is_hash_key_known(ledger, keys)
        ledger.engine.dispose()
        if is_known:
            return "is the ledger's"
    return "is set; its first use binds the ledger to it" if keys else "is not set, and not needed yet"


def check_expectations(settings: Settings) -> str:
    """Read every suite, as each run does before its work, and try a user's own on made-up rows."""
    if not settings.quality.audit:
        return "are not used: quality.audit is false"
    check_suites(settings)
    folder = settings.quality.expectations
    if folder is None:
        return "that come with pushlift can be used"
    from etl.quality.expecting import validate_suites
    from etl.quality.suites import load_suites

    validate_suites(load_suites(folder))
    return f"in {folder} can be used"


def check_credentials(settings: Settings, secrets: Secrets) -> str:
    """See that what is configured to be sent has the credentials to send it."""
    sends = any(app.liftoff_app_id for app in settings.apps.values())
    if sends and secrets.liftoff_api_key is None:
        message = "apps have a liftoff_app_id, but there is no API key; set PUSHLIFT_LIFTOFF_API_KEY"
        raise ConfigurationError(message)
    return "Liftoff's API key is set" if sends else "none are needed: no app has a liftoff_app_id"
