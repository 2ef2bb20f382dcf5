"""``python -m bot retry``: by the mail's id, by the number in the letter to the office, or all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.jobs.parts import Bot
from bot.model.deciding import Attention
from bot.record import attention, claims, schema
from tests.bots import archived, at, build, config, config_file, first_run, rows
from tests.mails import report

NOW = at("2017-07-03T10:00")


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """Five mails; the third and the fifth are set aside, the office knows the fifth as number 4."""
    monkeypatch.setenv("BOT_CONFIG", str(config_file(tmp_path)))
    with build(config(tmp_path)) as made:
        first_run(made, NOW)
        ids = [archived(made, report(f"{n}@town.test"), NOW) for n in range(5)]
        with made.record.begin() as conn:
            attention.open_items(conn, [Attention("capped", str(n)) for n in range(3)], NOW)
            for mail_id in (ids[4], ids[2]):
                assert claims.set_aside(conn, mail_id, NOW, "set_aside")
                attention.open_items(conn, [Attention("set_aside")], NOW, mail_id)
        yield made


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["bot", "retry", *words])
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def states(bot: Bot) -> str:
    return " ".join(row.state for row in rows(bot, schema.mail))


def test_each_way_of_naming_it(bot: Bot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, listed, _ = call(monkeypatch, capsys, "--json")
    assert (code, [row["id"] for row in json.loads(listed)]) == (0, [3, 5])
    assert states(bot) == "new new aside new aside"
    assert call(monkeypatch, capsys, "3")[0] == 0
    assert states(bot) == "new new new new aside"
    assert "mail 5 is taken up" in call(monkeypatch, capsys, "4")[1]  # mail 4 is not aside, number 4 is about mail 5
    assert states(bot) == "new new new new new"
    assert "nothing is set aside" in call(monkeypatch, capsys, "--all")[1]


@pytest.mark.parametrize("words", [["1"], ["99"], ["x"], ["3", "--all"]])
def test_wrong_numbers_are_told(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, error = call(monkeypatch, capsys, *words)
    assert (code, out) == (2, "")
    assert error
    assert states(bot) == "new new aside new aside"
