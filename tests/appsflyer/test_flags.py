import numpy as np

from etl.appsflyer.fields import Kind, names
from etl.appsflyer.flags import FLAG_BITS, FLAGS, spell_flags


def test_bits_are_written_as_codes() -> None:
    """Each row lists its codes in their order; a row without any is null."""
    both = FLAG_BITS["possible_twin"] | FLAG_BITS["weak_identity"]
    spelled = spell_flags(np.array([0, both, FLAG_BITS["money_rounded"], both], dtype=np.int64))
    assert spelled.to_pylist() == [
        None,
        ["weak_identity", "possible_twin"],
        ["money_rounded"],
        ["weak_identity", "possible_twin"],
    ]


def test_every_flag_has_a_bit_of_its_own() -> None:
    """All codes fit a signed 64-bit mask."""
    assert len(set(FLAG_BITS.values())) == len(FLAGS) < 63


def test_every_field_that_may_fail_to_be_typed_has_a_flag() -> None:
    """Booleans and amounts can be unparsable."""
    for name in (*names(Kind.BOOLEAN), *names(Kind.MONEY)):
        assert f"unparsable:{name}" in FLAG_BITS
