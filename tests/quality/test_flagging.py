import numpy as np
import pytest

from etl.appsflyer.flags import spell_flags
from etl.appsflyer.normalize import TEST_APP_ID
from etl.appsflyer.row_rules import FLAG_CODES
from etl.quality.flagging import flag_rows
from tests.appsflyer.text_rows import Row, normalize_rows
from tests.quality.flag_cases import BROKEN, GAID, SOUND

# Codes of normalizing and settling, which have tests of their own.
NOT_OURS = FLAG_CODES[:16]


def flags_of(*rows: Row) -> list[list[str]]:
    """Give the codes that are raised for rows, each sound but for what it says itself."""
    flags = flag_rows(normalize_rows(*rows))
    return [codes or [] for codes in spell_flags(flags).to_pylist()]


def test_every_rule_has_a_case() -> None:
    """No code of the authority goes without a row that breaks it."""
    assert set(BROKEN) == set(FLAG_CODES) - set(NOT_OURS)


@pytest.mark.parametrize(("code", "row"), [(code, row) for code, rows in BROKEN.items() for row in rows])
def test_a_row_that_breaks_a_rule_is_flagged(code: str, row: Row) -> None:
    """It has the rule's code, and the rows beside it have none."""
    before, flags, after = flags_of({}, row, {})
    assert code in flags
    assert before == after == []


@pytest.mark.parametrize(("code", "row"), [(code, row) for code, rows in SOUND.items() for row in rows])
def test_a_row_that_nearly_breaks_a_rule_is_not_flagged(code: str, row: Row) -> None:
    """What is legal, if unusual, does not have the rule's code."""
    assert code not in flags_of(row)[0]


def test_one_defect_raises_one_flag() -> None:
    """A row with several defects has the code of each, in the order of the authority."""
    row: Row = {"advertising_id": "x", "country_code": "USA", "event_revenue": "1", "platform": "ios"}
    assert flags_of(row) == [
        ["malformed:advertising_id", "id_contradicts_platform", "revenue_without_currency", "unknown_country"]
    ]


def test_flags_of_normalizing_stay() -> None:
    """The rules add to what a batch has."""
    assert flags_of({"wifi": "perhaps", "country_code": "USA"}) == [["unparsable:wifi", "unknown_country"]]


def test_the_vendors_test_message_is_not_judged() -> None:
    """It is full of placeholders, and marked as a test anyway."""
    odd: Row = {"idfv": "123456789", "country_code": "USA"}
    assert flags_of({**odd, "app_id": TEST_APP_ID}, {"idfv": "123456789"}) == [[], ["malformed:idfv"]]


def test_a_batch_of_no_rows_has_no_flags() -> None:
    """Nothing is judged, and nothing fails."""
    batch = normalize_rows({"ip": "1.1.1.1", "idfa": GAID, "event_revenue": "1"})
    assert flag_rows(batch).dtype == np.int64
    assert flag_rows(normalize_rows()).tolist() == []


def test_no_rows_flags_depend_on_another_row() -> None:
    """All rows of this file in one batch have the flags that each has alone."""
    rows = [row for rows in (*BROKEN.values(), *SOUND.values()) for row in rows]
    assert flags_of(*rows) == [flags for row in rows for flags in flags_of(row)]
