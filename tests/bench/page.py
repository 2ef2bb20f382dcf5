"""The tables of docs/performance.md, each between marks of its own, and the words for where they were measured."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from tests.bench import ROOT

PAGE = ROOT / "docs" / "performance.md"


def marks(name: str) -> tuple[str, str]:
    return f"<!-- figures of {name}: begin -->", f"<!-- figures of {name}: end -->"


def tell(name: str, text: str, write: bool) -> None:
    """Prints a table, and puts it into the page. ValueError if the page has no such place."""
    print(text)
    if write:
        begin, end = marks(name)
        head, found, rest = PAGE.read_text(encoding="utf-8").partition(begin)
        _old, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE} has no place for the figures of {name}")
        PAGE.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


def where() -> str:
    """When, by which Python, on how many cores, and how busy they were with other things."""
    load = f"load {os.getloadavg()[2]:.1f} in the quarter of an hour before"
    return f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, {load}"


def run_as(name: str, about: str | None, measure: Callable[[], str]) -> None:
    """The command line of one bench: prints its table; with ``--write`` also into the page."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    arguments = parser.parse_args()
    tell(name, f"{measure()}\n\n{where()}.", arguments.write)


def note(text: str) -> None:
    """A line about how far a long measurement is."""
    print(text, file=sys.stderr, flush=True)
