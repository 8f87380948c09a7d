from etl.appsflyer.line_index import LineIndex

LINES = [b"a" * (number * 37 % 1500 + 1) + b"%d" % number for number in range(500)]
PAYLOAD = b"".join(line + b"\n" for line in LINES)


def test_each_line_is_found_by_its_number() -> None:
    """Lines are given without their newlines, wherever steps begin."""
    index = LineIndex(PAYLOAD)
    assert [index.line(number) for number in range(len(LINES))] == LINES


def test_lines_as_an_array_share_the_bytes() -> None:
    """The array holds every line with its newline."""
    assert LineIndex(b"ab\n\ncd\n").as_array().to_pylist() == [b"ab\n", b"\n", b"cd\n"]


def test_a_step_may_end_with_a_newline() -> None:
    """A line that begins exactly at a step is whole."""
    lines = [b"x" * 65535, b"y" * 65535, b"z"]
    index = LineIndex(b"".join(line + b"\n" for line in lines))
    assert [index.line(number) for number in range(3)] == lines
