"""``python -m tests.reliability [--write] [PYTEST ARGUMENTS]``: the long proofs: what they tried, lost and did twice.

Runs the tests that are marked ``soak`` in their long form and prints the sums of what they counted. With ``--write``
the table in docs/reliability.md is replaced by the new one. Exit status 1 when a test failed, or anything was lost or
done twice.
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
    rows = [f"| {'what':<{width}} |   tried | lost | twice |", f"|{'-' * (width + 2)}|--------:|-----:|------:|"]
    rows += [f"| {what:<{width}} | {s.tried:>7} | {s.lost:>4} | {s.twice:>5} |" for what, s in found.items()]
    return "\n".join(rows)


def replaced(page: str, figures: str) -> str:
    """The page with new figures between its two marks. ValueError if it has none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END} in the page")
    return f"{head}{BEGIN}\n{figures}\n{END}{tail}"


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BOT_SOAK": "1", "BOT_FIGURES": folder}
        command = [sys.executable, "-m", "pytest", "-m", "soak", "--timeout=7200", "--numprocesses=auto", "--dist=load"]
        began = time.monotonic()
        words = [word for word in arguments if word != "--write"]
        command += words
        status = subprocess.run(command, env=environment, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        file = Path(folder) / "figures.jsonl"
        found = sums(file.read_text(encoding="utf-8").splitlines()) if file.exists() else {}
    where = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, {minutes:.0f} min"
    )
    if words:  # a part of the proofs is never taken for all of them
        where += f", only `{' '.join(words)}`"
    print(f"\n{table(found)}\n\n{where}")
    if write:
        text = replaced(PAGE.read_text(encoding="utf-8"), f"{table(found)}\n\nMeasured {where}.")
        PAGE.write_text(text, encoding="utf-8")
    return 1 if status or any(s.lost or s.twice for s in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
