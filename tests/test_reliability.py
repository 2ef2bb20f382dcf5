"""The command that adds up what the proofs of reliability tried."""

from pathlib import Path

import pytest

from tests.figures import count
from tests.reliability import BEGIN, END, PAGE, Sum, replaced, sums, table


def test_what_is_counted_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_FIGURES", str(tmp_path / "new"))
    count("cuts", tried=3)
    count("cuts", lost=1)
    count("blows", tried=2, twice=2)
    found = sums((tmp_path / "new" / "figures.jsonl").read_text().splitlines())
    assert found == {"blows": Sum(2, 0, 2), "cuts": Sum(4, 1, 0)}
    assert table(found).splitlines()[2:] == ["| blows |       2 |    0 |     2 |", "| cuts  |       4 |    1 |     0 |"]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    count("cuts")
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_a_place_for_the_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert replaced(page, "NEW").count("NEW") == 1
    assert replaced(replaced(page, "OLD"), "NEW") == replaced(page, "NEW")
    with pytest.raises(ValueError, match="no <!--"):
        replaced(page.replace(END, ""), "NEW")
    assert BEGIN in page
