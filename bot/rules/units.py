"""Who reports: units with their aliases, and the inspection groups of Annex 1."""

from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, even


class Unit(Rule):
    """A unit that owes reports. ``id`` stands in keys of letters, ``name`` on paper."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    kind: Literal["town", "department"]
    full_name: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return tuple(name for name in (self.name, self.full_name, *self.aliases) if name)


class InspectionGroup(Rule):
    """One group of Annex 1: names of units as in ``units``."""

    number: int
    name: str
    lead: str
    members: tuple[str, ...]
    areas: tuple[str, ...]


class Affixes(Rule):
    """Beginnings and endings that do not change which unit a name means."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


class Units(Rule):
    """rules/units.toml. No alias may mean two units, and every group names known units."""

    affixes: Affixes
    units: tuple[Unit, ...] = Field(min_length=1)
    groups: tuple[InspectionGroup, ...] = ()

    @model_validator(mode="after")
    def _names_are_unambiguous(self) -> Self:
        seen: dict[str, str] = {}
        for unit in self.units:
            for name in unit.names:
                key = self._bare(name)
                if key and seen.setdefault(key, unit.name) != unit.name:
                    raise ValueError(f"{name!r} means both {seen[key]} and {unit.name}")
        for what in ("id", "name"):
            if len({getattr(u, what) for u in self.units}) != len(self.units):
                raise ValueError(f"a unit's {what} stands twice")
        for group in self.groups:
            for name in (group.lead, *group.members, *group.areas):
                if name not in self.by_name:
                    raise ValueError(f"group {group.number} names {name!r}, which is no unit")
        if len({g.number for g in self.groups}) < len(self.groups):
            raise ValueError("groups: a number stands twice")
        return self

    @cached_property
    def by_name(self) -> dict[str, Unit]:
        """Units by their official names."""
        return {u.name: u for u in self.units}

    @cached_property
    def by_id(self) -> dict[str, Unit]:
        """Units by their ids."""
        return {u.id: u for u in self.units}

    @cached_property
    def _by_bare_name(self) -> dict[str, Unit]:
        return {self._bare(n): u for u in self.units for n in u.names}

    def _bare(self, name: str) -> str:
        """A name without the county before it and the kind of authority behind it."""
        bare = even(name)
        for prefix in sorted(map(even, self.affixes.prefixes), key=len, reverse=True):
            if bare.startswith(prefix) and len(bare) > len(prefix) + 1:
                bare = bare.removeprefix(prefix)
                break
        suffixes = tuple(map(even, self.affixes.suffixes))
        # 乔官镇人民政府安监办 has two of them.
        while suffix := max((s for s in suffixes if bare.endswith(s) and len(bare) > len(s) + 1), key=len, default=""):
            bare = bare.removesuffix(suffix)
        return bare

    def resolve(self, written: str) -> Unit | None:
        """The one unit that ``written`` means, by name or alias; None for anything else. Never a guess."""
        return self._by_bare_name.get(self._bare(written))

    def inspecting(self, unit: str) -> InspectionGroup | None:
        """The group that inspects a unit; none inspects a department, even one that takes part in a group."""
        return next((g for g in self.groups if unit in g.areas), None)

    def group_of(self, unit: str) -> InspectionGroup | None:
        """The group that inspects a town, or in which a department takes part."""
        return self.inspecting(unit) or next((g for g in self.groups if unit == g.lead or unit in g.members), None)
