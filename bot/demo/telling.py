"""The story in the terminal: a line for whatever happens, a bar while it runs, two small tables at the end."""

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date
from email import message_from_bytes
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.deciding.standing import Standing
from bot.demo.player import Step

if TYPE_CHECKING:
    from bot.demo.smtp_server import Posted

COLOURS = {"receipt": "green", "returned": "red", "unreadable": "red", "waiting": "magenta", "duplicate": "cyan"}
NAME_CELLS, SUBJECT_CELLS = 22, 58
NOTHING = "no answer"


def key_of(letter: "Posted") -> str:
    """A letter's unique key, from its own header."""
    return str(message_from_bytes(letter.data)["X-Bot-Key"])


def kind_of(letter: "Posted") -> str:
    """What sort of letter: the first word of its key, and for what goes by stages the stage."""
    kind, *rest = key_of(letter).split(":")
    stage = {"reminder": rest[-1:], "overdue_notice": rest[2:3]}.get(kind, [])
    return " ".join([kind, *stage])


class Teller:
    """Prints each step as it comes. ``names`` tells what a unit is called by its id, ``total`` how many moments
    there will be."""

    def __init__(self, names: dict[str, str], total: int) -> None:
        # A terminal that cannot show Chinese shows question marks, and the story goes on.
        if reconfigure := getattr(sys.stdout, "reconfigure", None):
            reconfigure(errors="replace")
        self.console = Console(highlight=False, soft_wrap=True)
        self._names = names
        self._day: date | None = None
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        quiet = not self.console.is_terminal
        self._progress = Progress(*columns, console=self.console, transient=True, disable=quiet)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, step: Step) -> None:
        """One step: its line, if anything happened."""
        self._progress.update(self._task, advance=1, description=f"{step.now:%Y-%m-%d}")
        if not step.posting and not step.letters:
            return
        if step.now.date() != self._day:
            self._day = step.now.date()
            self.console.print(f"\n{step.now:%A, %Y-%m-%d}", style="bold")
        if step.act and step.posting:
            name, sender = self._names.get(step.act.who, step.act.who), step.posting.sender
            self._line(step, name, step.posting.subject, [p for p in step.letters if p.to == sender])
            others = [p for p in step.letters if p.to != sender]
        else:
            others = list(step.letters)
        if others:
            self._line(step, "", "", others)

    def _line(self, step: Step, name: str, subject: str, letters: "list[Posted]") -> None:
        """Who wrote what, and which letters that brought; or letters alone, which nobody's mail has brought."""
        counted = Counter(map(kind_of, letters))
        room = min(SUBJECT_CELLS, max(10, self.console.width - NAME_CELLS - 40))
        line = Text(f"  {step.now:%H:%M}  ").append(set_cell_size(name, NAME_CELLS))
        line.append(set_cell_size(subject, room), style="dim").append("  -> ")
        for place, (kind, count) in enumerate(counted.items()):
            line.append(", " if place else "")
            line.append(f"{kind} x{count}" if count > 1 else kind, style=COLOURS.get(kind.split()[0], "yellow"))
        self.console.print(line if counted else line.append(NOTHING, style="dim"))

    def summary(self, steps: list[Step], standing: Iterable[Standing]) -> None:
        """How many letters of each kind left, and how the units stand."""
        letters = Counter(kind_of(letter) for step in steps for letter in step.letters)
        states: Counter[str] = Counter(line.state for line in standing)
        both = Table.grid(padding=(0, 6))
        both.add_row(_table("letters", letters), _table("units", states))
        self.console.print()
        self.console.print(both)
        mails = sum(step.posting is not None for step in steps)
        self.console.print(f"{mails} mails came, {letters.total()} letters left.")


def _table(title: str, counts: Counter[str]) -> Table:
    table = Table(title, "", box=None, pad_edge=False)
    for name, count in counts.items():
        table.add_row(name, Text(str(count), justify="right"))
    return table
