"""``python -m tests.reliability [--write] [PYTEST ARGUMENTS]``: the long proofs: what they tried, lost and did twice.

Runs the tests that are marked ``soak`` in their long form and prints the sums of what they counted. With ``--write``
what was measured replaces its rows of the table in docs/reliability.md, if no test failed; the other rows stay, each
with its own day. Exit status 1 when a test failed, or anything was lost or done twice.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(slots=True)
class Sum:
    """All that was counted under one name."""

    tried: int = 0
    lost: int = 0
    twice: int = 0
    day: str = ""


def sums(lines: Iterable[str]) -> dict[str, Sum]:
    """The lines that ``tests.figures.count`` wrote, added up by name, in the order of the names."""
    found: dict[str, Sum] = {}
    for line in lines:
        row = json.loads(line)
        total = found.setdefault(row["what"], Sum())
        total.tried += row["tried"]
        total.lost += row["lost"]
        total.twice += row["twice"]
    return dict(sorted(found.items()))


def table(found: dict[str, Sum]) -> str:
    """As Markdown, which is plain enough for a terminal."""
    width = max(map(len, [*found, "what"]))
    rows = [
        f"| {'what':<{width}} |   tried | lost | twice | measured   |",
        f"|{'-' * (width + 2)}|--------:|-----:|------:|------------|",
    ]
    rows += [
        f"| {what:<{width}} | {s.tried:>7} | {s.lost:>4} | {s.twice:>5} | {s.day:<10} |" for what, s in found.items()
    ]
    return "\n".join(rows)


def rows_of(page: str) -> dict[str, Sum]:
    """What the table of the page says already."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in _between(page)[1].splitlines()]
    rows = [row for row in cells if len(row) == 5 and row[1].isdigit()]
    return {what: Sum(int(tried), int(lost), int(twice), day) for what, tried, lost, twice, day in rows}


def replaced(page: str, found: dict[str, Sum]) -> str:
    """The page with new rows for what was found, and its other rows. ValueError if it has no place for them."""
    head, _, tail = _between(page)
    return f"{head}{BEGIN}\n{table(dict(sorted({**rows_of(page), **found}.items())))}\n{END}{tail}"


def _between(page: str) -> tuple[str, str, str]:
    head, begin, rest = page.partition(BEGIN)
    table_, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END} in the page")
    return head, table_, tail


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BOT_SOAK": "1", "BOT_FIGURES": folder}
        command = [sys.executable, "-m", "pytest", "-m", "soak", "--timeout=7200", "--numprocesses=auto", "--dist=load"]
        began = time.monotonic()
        command += [word for word in arguments if word != "--write"]
        status = subprocess.run(command, env=environment, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        file = Path(folder) / "figures.jsonl"
        found = sums(file.read_text(encoding="utf-8").splitlines()) if file.exists() else {}
    bad = status or any(s.lost or s.twice for s in found.values())
    for row in found.values():
        row.day = f"{datetime.now(UTC):%Y-%m-%d}"
    print(f"\n{table(found)}\n\nPython {platform.python_version()}, {os.cpu_count()} cores, {minutes:.0f} min")
    if write and not bad:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    elif write:
        print("not written: see above")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
