import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.event_values import canonicalize_values


def canonicalize(*texts: str | None) -> list[str | None]:
    """Canonicalize some texts together."""
    return list(canonicalize_values(pa.array(texts, pa.string())).to_pylist())


def test_order_and_spaces_do_not_matter() -> None:
    """Keys are sorted at every depth, spaces dropped, escapes decoded."""
    assert canonicalize('{"b": {"d":1, "c":[2, 1]}, "a": "\\u00e9"}') == ['{"a":"é","b":{"c":[2,1],"d":1}}']


@pytest.mark.parametrize(
    "text", ["", "{a=1}", '{"a":1', "NaN", '{"a":NaN}', '"\\ud800"', "1e400", "[" * 3000]
)
def test_text_that_is_no_json_is_its_own_form(text: str) -> None:
    """Nothing fails on what an app put there, nor does its neighbour."""
    assert canonicalize(text, '{ "a":1 }', None) == [text, '{"a":1}', None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 12345678901234567890123}', '{"a": 12345678901234567890124}'),
        ("[0.12345678901234567]", "[0.12345678901234568]"),
        ("[1.00000000000000000001]", "[1.0]"),
        ("[18446744073709551616]", "[18446744073709551617]"),
        (f"[1{'0' * 40}1]", f"[1{'0' * 40}2]"),
        (f"[0.1{'0' * 40}1]", f"[0.1{'0' * 40}2]"),
        ("[12345678901234567e-400]", "[12345678901234568e-400]"),
    ],
)
def test_long_numbers_stay_apart(one: str, other: str) -> None:
    """No digit is lost before values are compared."""
    first, second = canonicalize(one, other)
    assert first != second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.10", "1.1"),
        ("[1.00000000000000000000]", "[1.0]"),
        ("[100000000000000000000]", "[1e20]"),
        ("[12345678901234567890123]", "[ 12345678901234567890123 ]"),
        ("[0.1234567890123456789]", "[0.12345678901234567890]"),
        (f"[1{'0' * 40}1]", f"[1{'0' * 40}1.0]"),
        (f"[1{'0' * 40}1]", f"[1{'0' * 40}1000e-3]"),
        ("1", "1.0"),
        ("[0]", "[-0.0]"),
        ('{"af_revenue":12}', '{"af_revenue":12.00}'),
        ('{"a":[100,5]}', '{"a":[1E2,5]}'),
        ("[10000000000000000]", "[1e16]"),
        ("[-9223372036854775808]", "[-9223372036854775808.0]"),
    ],
)
def test_equal_numbers_are_alike(one: str, other: str) -> None:
    """How a number is written does not matter, however long it is."""
    first, second = canonicalize(one, other)
    assert first == second


@pytest.mark.parametrize("exponent", ["e-99999999999999999999", "e99999999999999999999"])
def test_a_number_beyond_every_type_is_its_own_form(exponent: str) -> None:
    """Nothing fails on an exponent that not even a decimal has."""
    assert canonicalize(f"[12345678901234567{exponent}]", "[1.0]", "5") == [
        f"[12345678901234567{exponent}]",
        "[1]",
        "5",
    ]


def test_whole_numbers_in_texts_are_left_alone() -> None:
    """Only numbers are written anew: what stands in quotes is what it is."""
    assert canonicalize('{"v": "1.0", "w": 2.0, "x": "e+5,1.0]"}') == ['{"v":"1.0","w":2,"x":"e+5,1.0]"}']


def test_nulls_stay_where_they_are() -> None:
    """An absent value has no form; an array of none is given back."""
    assert canonicalize(None, "1", None) == [None, "1", None]
    assert canonicalize(None) == [None]


def test_a_slice_of_an_array_is_read_as_itself() -> None:
    """Long numbers are found in the slice's own rows."""
    texts = pa.array(["x" * 50, "5", "[12345678901234567890123]"]).slice(1)
    assert canonicalize_values(texts).to_pylist() == ["5", "[12345678901234567890123]"]


@pytest.mark.parametrize(
    "texts", [("[1", "2]", "3,4"), ('{"a":1', '"b":2}'), ("1,2", "3,"), ('"x', 'y"'), ("[", "]")]
)
def test_broken_neighbours_do_not_mend_each_other(texts: tuple[str, ...]) -> None:
    """Each text is read for itself, however well it would go on in the next."""
    assert canonicalize(*texts) == list(texts)


@given(
    st.lists(
        st.sampled_from(['{"b":1,"a":2}', "{level=3}", "{", "", "{}", "plain", "{é}", None]), max_size=12
    )
)
def test_each_value_has_the_form_that_it_has_alone(texts: list[str | None]) -> None:
    """What stands in other rows, JSON or not, makes no difference to a row's form."""
    alone = [canonicalize_values(pa.array([text], pa.string()))[0].as_py() for text in texts]
    assert canonicalize_values(pa.array(texts, pa.string())).to_pylist() == alone
