"""Who reports: units with their aliases, and the inspection groups of Annex 1."""

import re
from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import FromDay, Rule, ToDay, even

_ID = re.compile(r"[a-z][a-z0-9_]*")


class Unit(Rule):
    """A unit that owes reports. The record knows it by its ``id``; ``name`` is what it is called today.

    ``former``: what else it was, by name or by an id under which the record still knows it. ``since`` and ``until``:
    its first and its last day; it owes what it is there for on the last day of the period. ``into``: the id of the
    unit of which it is a part since it ended: its names mean that one."""

    id: str = Field(pattern=rf"^{_ID.pattern}$")
    name: str
    kind: Literal["town", "department"]
    full_name: str = ""
    aliases: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    since: FromDay | None = None
    until: ToDay | None = None
    into: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called, or was."""
        former = (name for name in self.former if not _ID.fullmatch(name))
        return tuple(name for name in (self.name, self.full_name, *self.aliases, *former) if name)

    def is_there(self, day: date) -> bool:
        """Whether it owes anything on that day."""
        return not ((self.since and day < self.since) or (self.until and day > self.until))


class UnitAway(Unit):
    """A unit that the office has let go, from a day until before another or for good: the record knows when."""

    away: tuple[tuple[date, date | None], ...]

    def is_there(self, day: date) -> bool:
        """Whether it owes anything on that day."""
        return super().is_there(day) and not any(
            gone <= day and (back is None or day < back) for gone, back in self.away
        )


class InspectionGroup(Rule):
    """One group of Annex 1: names of units as in ``units``."""

    number: int
    name: str
    lead: str
    members: tuple[str, ...]
    areas: tuple[str, ...]


class Merger(Rule):
    """Bodies that have become part of one unit in many counties, and not in all: ``init`` asks. A name that is no unit
    here, or means the other one already, is not asked about."""

    into: str
    units: tuple[str, ...] = Field(min_length=1)


class Affixes(Rule):
    """Beginnings and endings that do not change which unit a name means."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


class Units(Rule):
    """rules/units.toml. No alias may mean two units, and every group names known units: by any of their names, and
    holds them by their present ones."""

    affixes: Affixes
    units: tuple[Unit, ...] = Field(min_length=1)
    groups: tuple[InspectionGroup, ...] = ()
    mergers: tuple[Merger, ...] = ()

    @model_validator(mode="after")
    def _names_are_unambiguous(self) -> Self:
        for what in ("id", "name"):
            if len({getattr(u, what) for u in self.units}) != len(self.units):
                raise ValueError(f"a unit's {what} stands twice")
        seen: dict[str, str] = {}
        for unit in self.units:
            owner = self._heir(unit)
            for name in (*unit.names, *unit.former):
                key = self._bare(name)
                if key and seen.setdefault(key, owner.name) != owner.name:
                    raise ValueError(f"{name!r} means both {seen[key]} and {owner.name}")
        if len({g.number for g in self.groups}) < len(self.groups):
            raise ValueError("groups: a number stands twice")
        # Frozen for everybody else: a group that still names a unit by its old name means the same unit.
        self.__dict__["groups"] = tuple(map(self._present, self.groups))
        return self

    def _heir(self, unit: Unit) -> Unit:
        """Whom the names of a unit mean: itself, or the unit of which it is a part now."""
        if not unit.into:
            return unit
        heir = self.by_id.get(unit.into)
        if heir is None or heir.into:
            raise ValueError(f"{unit.id}: into: expected the id of a unit that goes on (got {unit.into!r})")
        return heir

    def _present(self, group: InspectionGroup) -> InspectionGroup:
        def name(written: str) -> str:
            found = self.by_name.get(written) or self.resolve(written)
            if found is None:
                raise ValueError(f"group {group.number} names {written!r}, which is no unit")
            return self._heir(found).name

        def names(written: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(map(name, written)))

        update = {"lead": name(group.lead), "members": names(group.members), "areas": names(group.areas)}
        return group.model_copy(update=update)

    @cached_property
    def by_name(self) -> dict[str, Unit]:
        """Units by their official names."""
        return {u.name: u for u in self.units}

    @cached_property
    def by_id(self) -> dict[str, Unit]:
        """Units by their ids."""
        return {u.id: u for u in self.units}

    @cached_property
    def words(self) -> frozenset[str]:
        """What units are called, and what stands before and behind, as texts are compared."""
        names = (name for unit in self.units for name in unit.names)
        return frozenset(map(even, (*names, *self.affixes.prefixes, *self.affixes.suffixes))) - {""}

    @cached_property
    def _by_bare_name(self) -> dict[str, Unit]:
        return {self._bare(n): self._heir(u) for u in self.units for n in (*u.names, *u.former)}

    @cached_property
    def _around(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What stands before and behind names, as texts are compared, the longest first."""
        both = (self.affixes.prefixes, self.affixes.suffixes)
        before, behind = (tuple(sorted(map(even, affixes), key=len, reverse=True)) for affixes in both)
        return before, behind

    def _bare(self, name: str) -> str:
        """A name without the county before it and the kind of authority behind it."""
        bare, (before, behind) = even(name), self._around
        if bare.startswith(before):
            found = (prefix for prefix in before if bare.startswith(prefix) and len(bare) > len(prefix) + 1)
            bare = bare.removeprefix(next(found, ""))
        # 乔官镇人民政府安监办 has two of them.
        while bare.endswith(behind):
            suffix = next((s for s in behind if bare.endswith(s) and len(bare) > len(s) + 1), "")
            if not suffix:
                break
            bare = bare.removesuffix(suffix)
        return bare

    @property
    def mergeable(self) -> dict[str, tuple[str, ...]]:
        """By the unit that they may have become part of: the units of ``mergers`` that still stand by themselves."""
        found: dict[str, tuple[str, ...]] = {}
        for merger in self.mergers:
            into = self.resolve(merger.into)
            parts = (self.resolve(name) for name in merger.units)
            if into and (names := tuple(part.name for part in parts if part and part is not into)):
                found[into.name] = names
        return found

    def resolve(self, written: str) -> Unit | None:
        """The one unit that ``written`` means, by name or alias; None for anything else. Never a guess."""
        return self._by_bare_name.get(self._bare(written))

    def ended(self, written: str) -> Unit | None:
        """The unit that was called so, and is part of another one now."""
        bare = self._bare(written)
        return next((u for u in self.units if u.into and bare in map(self._bare, u.names)), None)

    def inspecting(self, unit: str) -> InspectionGroup | None:
        """The group that inspects a unit; none inspects a department, even one that takes part in a group."""
        return next((g for g in self.groups if unit in g.areas), None)

    def group_of(self, unit: str) -> InspectionGroup | None:
        """The group that inspects a town, or in which a department takes part."""
        return self.inspecting(unit) or next((g for g in self.groups if unit == g.lead or unit in g.members), None)
