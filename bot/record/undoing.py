"""What takes an order back, as the record keeps it: JSON with the number of its shape, units in it by their ids.

    today's value -Undo-> {"shape": 2, …} -> the database -> {…} of any shape -Undo-> today's value

Whoever changes what stands in it raises ``SHAPE``, says below what an older one becomes, and stores a sample
(``python -m tests.samples``): an order of last week must be taken back by this week's program.
"""

from typing import Any

from sqlalchemy import JSON, Dialect, TypeDecorator

from bot.record.naming import UnitNames, names_of

SHAPE = 2  # the first had no number, and units by their names
_UNIT_FIRST = ("withdraw", "liaisons")  # lists that begin with a unit


def stored(undo: dict[str, Any], names: UnitNames) -> dict[str, Any]:
    """Into the database."""
    return {"shape": SHAPE} | {
        key: [names.id_of(value[0]), *value[1:]] if key in _UNIT_FIRST else value for key, value in undo.items()
    }


def read(undo: dict[str, Any], names: UnitNames) -> dict[str, Any]:
    """Out of it, of whichever shape."""
    called = names.present if undo.get("shape", 1) == 1 else names.name_of
    values = {key: value for key, value in undo.items() if key != "shape"}
    return {key: [called(value[0]), *value[1:]] if key in _UNIT_FIRST else value for key, value in values.items()}


class Undo(TypeDecorator[Any]):
    """See above; None where nothing takes the order back."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Into the database."""
        return stored(value, names_of(dialect)) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Out of the database."""
        return read(value, names_of(dialect)) if isinstance(value, dict) else None
