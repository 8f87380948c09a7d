"""A column is known by its name, however it is written."""

from __future__ import annotations

import pytest

from etl.errors import UnreadableList
from etl.opt_outs.columns import Column, map_columns, read_type
from etl.opt_outs.records import LAKE_FIELDS, IdType


@pytest.mark.parametrize(
    "name", ["device_id", "Device ID", "deviceId", "DEVICE-ID", " device.id ", "device-ids"]
)
def test_casing_and_what_stands_between_words_mean_nothing(name: str) -> None:
    """Spreadsheets, programs and Liftoff spell one name differently."""
    assert map_columns((name,)) == (Column("id"),)


@pytest.mark.parametrize(
    ("name", "id_type"),
    [
        *(("idfa", "idfa"), ("IDFA", "idfa"), ("advertising_id", "gaid"), ("GAID", "gaid"), ("idfv", "idfv")),
        *(("gps_adid", "gaid"), ("amazon_aid", "amazon_aid"), ("customer_user_id", "customer_user_id")),
        *(("AppsFlyer ID", "appsflyer_id"), ("sha1_idfa", "sha1"), ("advertising_id_md5", "md5")),
        *(("device-id-sha1", "sha1"), ("android_id", "android_id"), ("oaid", "oaid"), ("imei", "imei")),
    ],
)
def test_a_column_named_for_a_type_gives_it(name: str, id_type: IdType) -> None:
    """Digests are known from either side of the name."""
    assert map_columns((name,)) == (Column("id", id_type),)
    assert read_type(name) == id_type


def test_every_field_of_the_lake_that_names_a_person_is_a_column() -> None:
    """A list may be an export of the lake."""
    columns = map_columns(tuple(LAKE_FIELDS))
    assert [column.id_type for column in columns if column] == list(LAKE_FIELDS.values())


def test_beside_a_column_of_types_advertising_id_is_of_either_system() -> None:
    """Such lists call every id an advertising id."""
    assert map_columns(("advertising_id", "type"))[0] == Column("id")


def test_a_number_of_rows_is_no_id() -> None:
    """A column that is merely called id counts where there is no other."""
    assert map_columns(("id", "idfa")) == (None, Column("id", "idfa"))
    assert map_columns(("id", "email")) == (Column("id"), None)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("name", "email"), "no_id_column"),
        (("type", "app_id"), "no_id_column"),
        (("idfa", "app_id", "bundle_id"), "repeated_column"),
        (("idfa", "date", "Date"), "repeated_column"),
        (("idfa", "application_name"), "column_unclear"),
        (("idfa", "Bundle identifier"), "column_unclear"),
        (("idfa", "opt_out"), "column_unclear"),
        (("idfa", "app_id", "Consent Status"), "column_unclear"),
    ],
)
def test_a_header_that_is_unclear_is_an_error(names: tuple[str, ...], code: str) -> None:
    """Which of two columns counts, is for a person to say."""
    with pytest.raises(UnreadableList) as caught:
        map_columns(names)
    assert caught.value.code == code


@pytest.mark.parametrize("names", [("idfa", "app_version", "approved by", "name"), ("idfa", "user_id")])
def test_other_columns_are_passed_over(names: tuple[str, ...]) -> None:
    """They say neither who is meant nor for which apps; a bare user id is a consent tool's own."""
    assert map_columns(names)[1:] == (None,) * (len(names) - 1)


@pytest.mark.parametrize(
    ("weak", "strong"), [("app", "app_id"), ("type", "id_type"), ("created_at", "requested_at")]
)
def test_a_weak_name_gives_way(weak: str, strong: str) -> None:
    """An app's name beside its id, or when a row was made beside when somebody asked."""
    columns = map_columns(("idfa", weak, strong))
    assert (columns[1], columns[2]) == (None, map_columns(("idfa", strong))[1])


def test_several_columns_of_ids_are_several_ids() -> None:
    """A person may be listed with all of theirs."""
    columns = map_columns(("idfa", "idfv", "gaid", "gaid_2"))
    assert columns == (Column("id", "idfa"), Column("id", "idfv"), Column("id", "gaid"), None)
