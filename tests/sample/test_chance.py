import re

import numpy as np

from etl.sample.chance import draw_below, draw_words, format_hex, format_uuids

NUMBERS = np.arange(10_000, dtype=np.int64)


def test_a_draw_depends_on_nothing_but_its_place() -> None:
    """A number draws the same in any block."""
    whole = draw_words(1, "ip", NUMBERS)
    assert (draw_words(1, "ip", NUMBERS[5_000:5_010]) == whole[5_000:5_010]).all()


def test_streams_and_seeds_are_independent() -> None:
    """Another seed or stream draws other words."""
    words = draw_words(1, "ip", NUMBERS)
    assert not (words == draw_words(1, "city", NUMBERS)).any()
    assert not (words == draw_words(2, "ip", NUMBERS)).any()


def test_draws_are_spread_evenly() -> None:
    """Each of ten numbers is drawn about as often."""
    counts = np.bincount(draw_below(draw_words(1, "ip", NUMBERS), 10), minlength=10)
    assert counts.min() > 850
    assert counts.max() < 1_150


def test_words_are_written_as_hex_and_uuids() -> None:
    """Texts are of fixed length, version 4 where they are UUIDs."""
    words = np.array([0x0123456789ABCDEF], np.uint64)
    assert format_hex(words) == [b"0123456789abcdef"]
    assert format_uuids(words, words, is_upper=True) == [b"01234567-89AB-4DEF-9123-456789ABCDEF"]
    assert re.fullmatch(rb"[0-9a-f-]{36}", format_uuids(words, words, is_upper=False)[0])
