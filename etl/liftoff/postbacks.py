"""Events as Liftoff's parameters: columns in, columns out, with nothing decided but what a value is.

Vendor documents followed: "Liftoff: Analytics S2S", "AppsFlyer: Push API V2.0". Whether a row may leave is
decided by `etl.liftoff.gates`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.addresses import client_ips
from etl.liftoff.columns import (
    Mask,
    as_mask,
    get_column,
    get_milliseconds,
    get_text,
    keep,
    map_values,
    mark_values,
    repeat,
)
from etl.liftoff.consent import judge_consent
from etl.liftoff.device_models import device_model, is_utsname
from etl.liftoff.event_names import map_event_names
from etl.liftoff.identifiers import DEVICE_ID, clean_user_id, make_user_hasher
from etl.liftoff.languages import language_code
from etl.liftoff.money import choose_revenue, spell_amounts
from etl.liftoff.parameters import FIELD_PREFIX, PARAMETERS
from etl.liftoff.policy import SendingPolicy, UserId
from etl.liftoff.templates import INSTALL_SECONDS, parse_template

ANDROID, IOS = "android", "ios"
_DEVICE_ID = f"^(?:{DEVICE_ID.pattern})$"
_ZEROS = "^[0-]+$"
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What each row says to Liftoff: a text column a parameter, null where it is left out.

    The columns are those of `PARAMETERS`, in their order, and then those of AppsFlyer's fields that the
    template asks for besides, under `appsflyer:` and their name.
    """

    parameters: pa.Table

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.parameters)

    def column(self, name: str) -> pa.Array:
        """Give a parameter's column as one array."""
        return get_column(self.parameters, name, pa.string())


def map_events(rows: pa.Table, policy: SendingPolicy, user_id_key: bytes) -> Mapped:
    """Map events to parameters.

    `rows` has the columns of `events`, of which any may be missing, and the computed column `is_first_event`,
    which is null where history cannot tell. An id is told on the platform that has it: `device_id` is the
    IDFA in upper case on iOS and the GAID in lower case on Android; `idfv` is of iOS alone.
    """
    platform = map_values(get_text(rows, "platform"), name_platform)
    is_ios, is_android = _is(platform, IOS), _is(platform, ANDROID)
    withheld = judge_consent(rows, policy.consent).withheld
    revenue, currency = choose_revenue(rows)
    columns = {
        "liftoff_app_id": repeat(policy.liftoff_app_id, len(rows)),
        "client_ip": client_ips(get_text(rows, "ip")),
        "event_name": map_event_names(rows, policy.events),
        "event_timestamp": get_milliseconds(rows, "event_time").cast(pa.string()),
        "language": map_values(get_text(rows, "language"), language_code),
        "device_model": _choose_models(rows),
        "platform": platform,
        "user_id": _choose_user_ids(rows, policy, user_id_key),
        **_choose_device_ids(rows, is_ios, is_android, withheld),
        "user_agent": get_text(rows, "user_agent"),
        "app_version": get_text(rows, "app_version"),
        "bundle_id": _choose_bundles(rows, policy, is_android),
        "os_version": get_text(rows, "os_version"),
        "revenue": revenue,
        "currency_code": currency,
        "is_first_event": _spell_booleans(rows, "is_first_event"),
        "install_timestamp": _choose_installs(rows),
        "test_mode": repeat("1", len(rows)) if policy.is_test else pa.nulls(len(rows), pa.string()),
    }
    asked = {
        f"{FIELD_PREFIX}{name}": _spell_field(rows, name) for name in parse_template(policy.template).asked
    }
    return Mapped(pa.table({**{name: columns[name] for name in PARAMETERS}, **asked}))


def name_platform(platform: str) -> str | None:
    """Give `android` or `ios`; None for another platform, which Liftoff does not know."""
    folded = platform.casefold()
    return folded if folded in {ANDROID, IOS} else None


def _is(column: pa.Array, text: str) -> Mask:
    return as_mask(pc.equal(column, text))


def _choose_models(rows: pa.Table) -> pa.Array:
    """Give the model of `device_type`; `device_model` where only that is there, or names Apple's machine."""
    types = map_values(get_text(rows, "device_type"), device_model)
    models = map_values(get_text(rows, "device_model"), device_model)
    prefers = mark_values(models, is_utsname) & ~mark_values(types, is_utsname)
    return pc.coalesce(pc.if_else(pa.array(prefers), models, types), models)


def _choose_user_ids(rows: pa.Table, policy: SendingPolicy, key: bytes) -> pa.Array:
    if policy.user_id is UserId.HASHED:
        return map_values(get_text(rows, "appsflyer_id"), make_user_hasher(key, policy.app_id))
    return map_values(get_text(rows, policy.user_id.value), clean_user_id)


def _choose_device_ids(rows: pa.Table, is_ios: Mask, is_android: Mask, withheld: Mask) -> dict[str, pa.Array]:
    """Give `idfv` and `device_id`; an advertising id that is withheld is not told as an idfv either."""
    idfa = pc.utf8_upper(keep(_read_device_ids(rows, "idfa"), is_ios))
    gaid = pc.utf8_lower(keep(_read_device_ids(rows, "advertising_id"), is_android))
    idfv = pc.utf8_upper(keep(_read_device_ids(rows, "idfv"), is_ios))
    is_same = as_mask(pc.equal(idfv, idfa))
    return {"idfv": keep(idfv, ~is_same), "device_id": keep(pc.coalesce(idfa, gaid), ~withheld)}


def _read_device_ids(rows: pa.Table, name: str) -> pa.Array:
    column = get_text(rows, name)
    is_id = as_mask(pc.match_substring_regex(column, _DEVICE_ID))
    return keep(column, is_id & ~as_mask(pc.match_substring_regex(column, _ZEROS)))


def _choose_bundles(rows: pa.Table, policy: SendingPolicy, is_android: Mask) -> pa.Array:
    """Give the configured bundle, else the row's, else the app's id where it is a package of Android's."""
    if policy.bundle_id:
        return repeat(policy.bundle_id, len(rows))
    packages = map_values(get_text(rows, "app_id"), lambda text: text if _PACKAGE.fullmatch(text) else None)
    return pc.coalesce(get_text(rows, "bundle_id"), keep(packages, is_android))


def _choose_installs(rows: pa.Table) -> pa.Array:
    """Give the instant of the install where it is one that Liftoff would take: 13 digits."""
    texts = get_milliseconds(rows, "install_time").cast(pa.string())
    return keep(texts, as_mask(pc.match_substring_regex(texts, "^[0-9]{13}$")))


def _spell_booleans(rows: pa.Table, name: str) -> pa.Array:
    return get_column(rows, name, pa.bool_()).cast(pa.string())


def _spell_field(rows: pa.Table, name: str) -> pa.Array:
    """Write a field as AppsFlyer writes it: UTC to the millisecond, true or false, plain decimals."""
    if name == INSTALL_SECONDS:
        return pc.utf8_slice_codeunits(_choose_installs(rows), 0, 10)
    if name not in rows.column_names:
        return pa.nulls(len(rows), pa.string())
    kind = rows.schema.field(name).type
    if pa.types.is_timestamp(kind):
        return pc.strftime(get_column(rows, name, pa.timestamp("ms", tz="UTC")), "%Y-%m-%d %H:%M:%S")
    if pa.types.is_boolean(kind):
        return _spell_booleans(rows, name)
    if pa.types.is_decimal(kind):
        return spell_amounts(get_column(rows, name, kind))
    return get_text(rows, name)
