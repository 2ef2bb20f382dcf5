"""People who report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Liaison:
    """A person at a unit; ``email`` in lower case, empty when unknown."""

    unit: str
    name: str
    mobile: str
    email: str
