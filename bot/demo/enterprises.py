"""The enterprises that a town registers: as many as the story says, each with a name of its own, always the same."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule

Row = tuple[str | int, ...]  # name, legal representative, employees, industry, note


class Trade(Rule):
    """What an enterprise does; ``name`` has places for {place} and {stem}. ``staff`` is about how many it employs."""

    group: str
    name: str
    industry: str
    staff: int = Field(ge=1)
    note: str = ""


class Enterprises(Rule):
    """Trades by table of the form, and what names are made of."""

    stems: Annotated[tuple[str, ...], Field(min_length=1)]
    surnames: Annotated[tuple[str, ...], Field(min_length=1)]
    given_names: Annotated[tuple[str, ...], Field(min_length=1)]
    trades: Annotated[tuple[Trade, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _stems_differ(self) -> Self:
        if len(set(self.stems)) < len(self.stems):
            raise ValueError("stems: one stands twice, and so would names")
        return self

    def rows(self, group: str, place: str, count: int) -> Iterator[Row]:
        """``count`` enterprises of one table. ValueError if there are not so many different names."""
        trades = [trade for trade in self.trades if trade.group == group]
        if count > len(trades) * len(self.stems):
            raise ValueError(f"{place}: {count} enterprises of {group} need more trades, or more stems")
        for n in range(count):
            place_in_trade, which = divmod(n, len(trades))
            trade = trades[which]
            name = trade.name.format(place=place, stem=self.stems[(place_in_trade + 3 * which) % len(self.stems)])
            owner = self.surnames[5 * n % len(self.surnames)] + self.given_names[3 * n % len(self.given_names)]
            yield (name, owner, trade.staff + n % 7, trade.industry, trade.note)
