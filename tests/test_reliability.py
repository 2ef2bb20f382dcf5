"""The command that adds up what the proofs of reliability tried."""

from pathlib import Path

import pytest

from tests.figures import count
from tests.reliability import BEGIN, END, PAGE, Sum, replaced, rows_of, sums, table


def test_what_is_counted_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_FIGURES", str(tmp_path / "new"))
    count("cuts", tried=3)
    count("cuts", lost=1)
    count("blows", tried=2, twice=2)
    found = sums((tmp_path / "new" / "figures.jsonl").read_text().splitlines())
    assert found == {"blows": Sum(2, 0, 2), "cuts": Sum(4, 1, 0)}
    assert table(found).splitlines()[2:] == [
        "| blows |       2 |    0 |     2 |            |",
        "| cuts  |       4 |    1 |     0 |            |",
    ]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    count("cuts")
    assert list(tmp_path.iterdir()) == []


def test_what_was_measured_again_replaces_its_row_and_the_others_stay() -> None:
    page = PAGE.read_text(encoding="utf-8")
    empty = page.partition(BEGIN)[0] + BEGIN + "\n" + END + page.partition(END)[2]
    first = replaced(empty, {"cuts": Sum(4, 0, 0, "2026-01-01"), "blows": Sum(2, 0, 0, "2026-01-01")})
    second = replaced(first, {"cuts": Sum(5, 0, 0, "2026-02-02")})
    assert rows_of(second) == {"blows": Sum(2, 0, 0, "2026-01-01"), "cuts": Sum(5, 0, 0, "2026-02-02")}
    assert second.partition(END)[2] == page.partition(END)[2]
    with pytest.raises(ValueError, match="no <!--"):
        replaced(page.replace(END, ""), {})


def test_nothing_that_stands_in_the_page_was_lost_or_done_twice() -> None:
    assert all((row.lost, row.twice) == (0, 0) for row in rows_of(PAGE.read_text(encoding="utf-8")).values())
