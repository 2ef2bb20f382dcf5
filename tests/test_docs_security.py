"""docs/security.md is true: every row names a test, and every test that it names exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def functions_of(file: Path) -> set[str]:
    return {n.name for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.FunctionDef)}


def rows() -> Iterator[str]:
    """The lines of the tables without headings and rules."""
    for above, line in pairwise(PAGE.splitlines()):
        if line.startswith("|") and above.startswith("|") and not set(line) <= set("|- "):
            yield line


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))), ids=str)
def test_every_named_test_exists(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert (ROOT / file).exists(), file
    assert name in functions_of(ROOT / file)


def test_every_row_names_a_test() -> None:
    found = list(rows())
    assert len(found) >= 50
    assert [row for row in found if not NAMED.search(row.rpartition(" | ")[2])] == []


def test_nothing_that_looks_like_a_test_is_written_in_another_way() -> None:
    assert len(NAMED.findall(PAGE)) == len(
        re.findall(r"\btest_\w+(?!\.py|\w)", re.sub(r"tests/test_\w+\.py", "", PAGE))
    )
