"""Units stand in the record by their ids, and in the program by the names that they have today.

    name -UnitKey-> id -> the database -> id -UnitKey-> name

Who opens the record tells it which is which (``call_units``); so a unit that gets another name keeps whatever the
record has of it. What nobody has told of passes as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, Dialect, Engine, String, TypeDecorator


@dataclass(frozen=True, slots=True)
class UnitNames:
    """``ids``: the name of each unit today -> its id; ``names``: the other way round; ``heirs``: the id of a unit that
    ended -> that of the one of which it is a part; ``called``: all that units are called, or were -> the name today."""

    ids: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    def id_of(self, name: Any) -> Any:
        """What the record writes for a name."""
        return self.ids.get(name, name)

    def name_of(self, id_: Any) -> Any:
        """What the program calls it."""
        return self.names.get(id_, id_)

    def present(self, name: Any) -> Any:
        """The name today of the unit that was called so."""
        return self.called.get(name, name)

    def owner(self, id_: Any) -> Any:
        """The name of the unit that answers for it now."""
        return self.name_of(self.heirs.get(id_, id_))


_NOBODY = UnitNames()
_told: WeakKeyDictionary[Dialect, UnitNames] = WeakKeyDictionary()  # of the engine that a record is opened with


def call_units(engine: Engine, names: UnitNames) -> None:
    """From here on this engine's statements translate by these names."""
    _told[engine.dialect] = names


def names_of(dialect: Dialect) -> UnitNames:
    """By what the statements of an engine translate."""
    return _told.get(dialect, _NOBODY)


class UnitKey(TypeDecorator[str]):
    """A unit: its id in the database, its name in the program."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        found: str | None = names_of(dialect).id_of(value)
        return found

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Out of the database."""
        found: str | None = names_of(dialect).name_of(value)
        return found


class Owed(TypeDecorator[Any]):
    """What a letter is about, a list ``[unit, form, period, deadline]`` for each. What a unit owed that has become part
    of another, that one answers for."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Into the database."""
        return [[names_of(dialect).id_of(unit), *rest] for unit, *rest in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Out of the database."""
        return [[names_of(dialect).owner(unit), *rest] for unit, *rest in value or ()]
