import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.jsonlines.line_ends import find_line_ends

pieces = st.lists(st.sampled_from([b"\n", b" ", b"\t", b"\v", b"x", b"x" * 31, b"x" * 5000]), max_size=200)


@given(parts=pieces)
def test_every_newline_is_found(parts: list[bytes]) -> None:
    """However long or short lines are, none is missed, and what may be a blank one is told."""
    data = b"".join(parts) + b"\n"
    ends, may_be_blank = find_line_ends(data)
    assert ends.tolist() == np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10).tolist()
    assert may_be_blank == any(data[: end + 1][-2:-1] in {b"", b"\n", b" ", b"\t", b"\v"} for end in ends)


def test_lines_without_bytes_are_found() -> None:
    """A million blank lines are counted as well."""
    ends, may_be_blank = find_line_ends(b"\n" * 1_000_000)
    assert (len(ends), may_be_blank) == (1_000_000, True)


def test_an_unfinished_line_is_an_error() -> None:
    """Nobody looks for a newline beyond the data."""
    with pytest.raises(ValueError, match="without a newline"):
        find_line_ends(b"x")
