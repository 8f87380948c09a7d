"""A kind of defect: how it is planted, and the one rule that is meant to catch it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Plant = TypeVar("Plant", bound=Callable[..., object])


class Net(StrEnum):
    """What catches: a reason of `quarantine`, a code in `quality_flags`, a rule of `checks`."""

    QUARANTINE = "quarantine"
    FLAG = "flag"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of defect, named for what is wrong; `code` is the stable code of the rule that must catch it."""

    name: str
    net: Net
    code: str
    plant: Callable[..., object]


class Kinds(dict[str, Kind]):
    """Kinds by name, gathered by decorating the functions that plant them."""

    def quarantined(self, code: str) -> Callable[[Plant], Plant]:
        """Register a kind that ends in quarantine, with this reason."""
        return self._register(Net.QUARANTINE, code)

    def flagged(self, code: str) -> Callable[[Plant], Plant]:
        """Register a kind that is kept, with this flag."""
        return self._register(Net.FLAG, code)

    def checked(self, code: str) -> Callable[[Plant], Plant]:
        """Register a kind that fails this check."""
        return self._register(Net.CHECK, code)

    def _register(self, net: Net, code: str) -> Callable[[Plant], Plant]:
        def register(plant: Plant) -> Plant:
            self[plant.__name__] = Kind(plant.__name__, net, code, plant)
            return plant

        return register
