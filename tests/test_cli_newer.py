"""A record of a newer program is touched by nothing of this one: one clear line, and exit status 3."""

import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from sqlalchemy import text

import scheduler
from bot.__main__ import main
from bot.cli.app import app
from bot.config import load_config
from bot.record.database import Record
from tests.books import good
from tests.bots import config_file
from tests.mails import report

LINE = "the database has schema 9999, newer than this program's"
U, P = ["--unit", "五图街道"], ["--period", "2017-06"]
# Every command, as it opens the record; None: it opens none.
COMMANDS: dict[str, list[str] | None] = {
    "read": None,
    "calendar": None,
    "service": None,
    "init": None,  # writes config.toml, and then is `doctor`
    "explain": ["mail.eml"],
    "replay": ["--all"],
    "retry": ["--all"],
    "status": [],
    "form": ["annex4", *U, *P, "-o", "out.xlsx"],
    "assessment": ["--year", "2017", "-o", "out.xlsx"],
    "bulletin": [*P, "-o", "out.docx"],
    "board": ["-o", "out.html"],
    "doctor": [],
    "backup": ["out.backup"],
    "copy-database": ["sqlite:///other.db"],
    "outbox": [],
    "outbox show": ["key"],
    "outbox release": ["--all"],
    "outbox drop": ["--all"],
    "order": ["状态"],
    "extend": [*U, *P, "--until", "2017-07-10", "--reason", "住院"],
    "exempt": [*U, *P, "--reason", "住院"],
    "hold": [],
    "resume": [],
    "undo": [],
    "question list": [],
    "question answer": ["1", "通过"],
    "roster import": ["roster.xlsx"],
    "roster export": ["out.xlsx"],
    "base import": ["roster.xlsx"],
    # It puts another record in its place, and keeps this one: the way back to an older program. See test_restore.py.
    "restore": None,
    "preview": None,  # no database: see test_preview.py
}


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The config of an office that once ran a newer program."""
    path = config_file(tmp_path)
    with Record.open(load_config(path).database.url) as record, record.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    (tmp_path / "mail.eml").write_bytes(report("li@wutu.test"))
    (tmp_path / "roster.xlsx").write_bytes(good())
    return path


def leaves() -> set[str]:
    """Every command of the program, and every group that is one itself."""
    found: set[str] = set()
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        inner = getattr(command, "commands", {})
        found |= {f"{name} {sub}" for sub in inner}
        if not inner or command.invoke_without_command:
            found.add(name)
    return found


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == leaves()


@pytest.mark.parametrize("command", [name for name, words in COMMANDS.items() if words is not None])
def test_a_command_refuses_it(
    command: str, newer: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = newer.parent
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setenv("BOT_CONFIG", str(newer))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["bot", *command.split(), *(COMMANDS[command] or [])])
    try:
        code: Any = main()
    except SystemExit as ended:
        code = ended.code
    said = capfd.readouterr()
    assert code == 3
    if command == "doctor":  # it tells of each part in a row
        assert LINE in said.out
    else:
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("error: ") and LINE in line
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("words", [["--once"], []])
def test_the_scheduler_refuses_it(
    words: list[str], newer: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("bot.logs.set_up", lambda _: None)
    assert scheduler.main([*words, "--config", str(newer)]) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ") and LINE in line
