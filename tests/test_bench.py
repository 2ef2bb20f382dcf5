"""The bench: its ways do read the same mails."""

import sqlite3
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.bench import box, floor, promises, script
from tests.bench.__main__ import run, table
from tests.bench.costs import Cost
from tests.bench.page import PAGE, marks, tell
from tests.servers.dovecot import DovecotOffice

NUMBER = 20


def test_the_box_is_as_an_office_s() -> None:
    mails = list(box.mails(200))
    assert len(set(mails)) == 200
    assert 14_000 < sum(map(len, mails)) / len(mails) < 22_000
    found = [part.get_filename() for data in mails for part in message_from_bytes(data).walk()]
    names = [name for name in found if name]
    assert len(names) == 160
    assert sum(name.endswith(".xls") for name in names) == 20


def test_the_ways_read_the_same_mails(dovecot: DovecotOffice, tmp_path: Path) -> None:
    with dovecot.client() as client:
        client.select_folder("INBOX")
    box.fill(dovecot.server.root / "mail" / dovecot.username / "Maildir", box.mails(NUMBER))
    floor.main(dovecot.imap_port, dovecot.username, dovecot.password, str(tmp_path / "floor.db"))
    promises.main(dovecot.imap_port, dovecot.username, dovecot.password, str(tmp_path / "promises.db"))
    script.main(dovecot.imap_port, dovecot.username, dovecot.password, str(tmp_path / "script.db"))
    with sqlite3.connect(tmp_path / "floor.db") as db:
        assert db.execute("SELECT count(*) FROM mail").fetchone() == (NUMBER,)
        assert db.execute("SELECT count(*), sum(value) FROM cell").fetchone() == (12 * 16, 32 * 16)
        assert db.execute("SELECT count(*) FROM letter").fetchone() == (16,)
    with sqlite3.connect(tmp_path / "promises.db") as db:
        assert db.execute("SELECT count(*), sum(attempts) FROM mail").fetchone() == (NUMBER, NUMBER)
        assert db.execute("SELECT count(*) FROM report").fetchone() == (16,)
        letters = [message_from_bytes(mime) for (mime,) in db.execute("SELECT mime FROM letter")]
        assert [[part.get_content_subtype() for part in letter.walk()][1:] for letter in letters] == [
            ["plain", "html"]
        ] * 16
    with sqlite3.connect(tmp_path / "script.db") as db:
        assert db.execute("SELECT count(*) FROM report").fetchone() == (14,)  # without the two .xls


def test_a_small_run_measures_each_way() -> None:
    costs = run(10, 1)
    assert set(costs) == {"the floor", "the floor, and what is promised", "this program", "a script"}
    assert all(cost.cpu > 0 and cost.wall > 0 for runs in costs.values() for cost in runs)
    assert costs["this program"][0].peak > 20


def test_the_table_has_medians_and_ratios() -> None:
    costs = {"the floor": [Cost(1, 1, 0), Cost(3, 1, 0), Cost(2, 5, 0)], "this program": [Cost(4, 2, 60.4)]}
    assert table(costs, 1000).splitlines()[2:] == [
        "| the floor | 2.00 (1.00–3.00) | 1.00 | 1.0 | – |",
        "| this program | 4.00 (4.00–4.00) | 2.00 | 2.0 | 60 |",
    ]


@pytest.mark.parametrize("name", ["whole", "start", "growth", "links", "workers"])
def test_the_page_has_a_place_for_each_table(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [text.count(mark) for mark in marks(name)] == [1, 1]


def test_a_table_is_put_into_its_place_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, one, two = tmp_path / "page.md", marks("one"), marks("two")
    path.write_text("\n".join(["a", *one, "b", two[0], "old", two[1], "c"]), encoding="utf-8")
    monkeypatch.setattr("tests.bench.page.PAGE", path)
    tell("two", "new", write=True)
    assert path.read_text(encoding="utf-8").splitlines() == ["a", *one, "b", two[0], "new", two[1], "c"]
    with pytest.raises(ValueError, match="three"):
        tell("three", "new", write=True)
