"""The device's model as Liftoff wants it: `utsname.machine` on iOS, the model's own name on Android."""

import re

_SEPARATOR = "::"
_UTSNAME = re.compile(r"[A-Za-z]+[0-9]+,[0-9]+")


def device_model(device_type: str) -> str | None:
    """Give the model of AppsFlyer's `device_type`: `iPhone12,5` as it is, `Samsung::SH-220` less its brand.

    Other texts, such as `iPhone 5s`, stay as they are: one commercial name stands for several machines.
    """
    brand, mark, model = device_type.strip().partition(_SEPARATOR)
    return (model.strip() if mark else brand.strip()) or None


def is_utsname(model: str) -> bool:
    """Tell whether a model is spelled as `utsname.machine` spells Apple's."""
    return _UTSNAME.fullmatch(model) is not None
