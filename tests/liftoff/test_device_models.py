import pytest

from tests.liftoff.event_rows import ANDROID, IPHONE, Row, map_row


@pytest.mark.parametrize(
    ("row", "device_type", "model"),
    [
        (IPHONE, "iPhone12,5", "iPhone12,5"),
        (IPHONE, "Apple::iPhone12,5", "iPhone12,5"),
        (IPHONE, "iPhone 5s", "iPhone 5s"),
        (ANDROID, "Samsung::SH-220", "SH-220"),
        (ANDROID, "samsung :: SM-G960F ", "SM-G960F"),
        (ANDROID, "SM-GM284", "SM-GM284"),
        (ANDROID, "OnePlus::", None),
        (ANDROID, " ", None),
    ],
)
def test_a_model_is_told_without_its_brand(row: Row, device_type: str, model: str | None) -> None:
    """What identifies a model is `utsname.machine` on iOS, and the model's own name on Android."""
    assert map_row({**row, "device_type": device_type}).get("device_model") == model


def test_the_machine_is_told_rather_than_a_name_in_shops() -> None:
    """Liftoff asks for `utsname.machine`, so the field that has it wins."""
    assert (
        map_row({**IPHONE, "device_type": "iPhone 11", "device_model": "iPhone12,1"})["device_model"]
        == "iPhone12,1"
    )


def test_the_other_field_stands_in() -> None:
    """`device_model` is told where there is no `device_type`."""
    assert (
        map_row({**ANDROID, "device_type": None, "device_model": "Galaxy S9"})["device_model"] == "Galaxy S9"
    )
