"""The office's acts from the command line: the same code, the same words, the same record."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.config import load_config
from bot.jobs.intake import work
from bot.record import schema
from tests.bots import appoint, archived, at, build, config_file, first_run, never, rows
from tests.mails import report

NOW = "2017-07-04T10:00"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one liaison, and one report of a stranger that waits."""
    path = config_file(tmp_path)
    monkeypatch.setenv("BOT_CONFIG", str(path))
    monkeypatch.chdir(tmp_path)
    with build(load_config(path)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", "li@wutu.test"))
        archived(bot, report("someone@mail.test"), at(NOW) - timedelta(hours=1))
        work(bot, at(NOW), never)
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_a_question_is_listed_and_answered(installed: Path) -> None:
    (found,) = json.loads(run("question", "list", "--json").output)
    assert (found["why"], found["unit"], found["period"]) == ("unknown_sender", "五图街道", "2017-06")
    answered = run("question", "answer", str(found["number"]), "通过", "--now", NOW)
    assert (answered.exit_code, "已通过" in answered.output) == (0, True)
    assert json.loads(run("question", "list", "--json").output) == []
    again = run("question", "answer", str(found["number"]), "通过", "--now", NOW)
    assert (again.exit_code, "已经处理" in again.output) == (1, True)


def test_acts_with_options_and_their_undoing(installed: Path) -> None:
    words = ("--unit", "五图街道", "--period", "2017-06", "--reason", "住院", "--now", NOW)
    done = run("extend", *words, "--until", "2017-07-12")
    assert (done.exit_code, "延至2017年7月12日" in done.output) == (0, True)
    assert run("undo", "--now", NOW).exit_code == 0
    assert run("undo", "--now", NOW).exit_code == 1
    assert run("exempt", *words).exit_code == 0
    status = json.loads(run("status", "--period", "2017-06", "--json", "--now", NOW).output)
    assert next(u["state"] for u in status["units"] if u["unit"] == "五图街道") == "exempt"
    assert run("hold", "--now", NOW).exit_code == 0
    assert run("resume", "--now", NOW).exit_code == 0
    with build(load_config(installed)) as bot:
        acts = [(row.actor, row.command) for row in rows(bot, schema.act)]
    assert acts == [("command line", c) for c in ("extend", "undo", "exempt", "hold", "resume")]


def test_an_order_in_words(installed: Path) -> None:
    done = run("order", "状态", "6月", "--now", NOW)
    assert (done.exit_code, "应报45个单位" in done.output) == (0, True)


def test_a_report_is_taken_out_of_force_and_put_back(installed: Path) -> None:
    def state() -> str:
        status = json.loads(run("status", "--period", "2017-06", "--json", "--now", NOW).output)
        return str(next(u["state"] for u in status["units"] if u["unit"] == "五图街道"))

    nothing = run("order", "撤回", "五图", "6月", "--now", NOW)
    assert (nothing.exit_code, "没有已登记" in nothing.output) == (1, True), nothing.output
    (found,) = json.loads(run("question", "list", "--json").output)
    assert run("question", "answer", str(found["number"]), "通过", "--now", NOW).exit_code == 0
    assert state() == "accepted"
    done = run("order", "撤回", "五图", "6月", "登记错单位", "--now", NOW)
    assert (done.exit_code, "第1版" in done.output) == (0, True), done.output
    assert state() == "open"
    assert run("undo", "--now", NOW).exit_code == 0
    assert state() == "accepted"
    with build(load_config(installed)) as bot:
        told = [(row.letter, row.to) for row in rows(bot, schema.letter) if row.letter == "decided"]
    assert told == [("decided", "li@wutu.test")] * 2


def test_a_call_is_written_down_by_mail_alone(installed: Path) -> None:
    said = run("order", "登记", "五图", "6月", "0 2 5 1 1 0 3 0 0 1 12 7", "--now", NOW)
    assert (said.exit_code, "邮件" in said.output) == (1, True), said.output


def test_what_is_wrong_is_one_line(installed: Path) -> None:
    from bot.errors import UsageError

    for words in (
        ("order", "怎么办"),
        ("order", "延期", "五图街道"),
        ("extend", "--unit", "甲镇", "--period", "2017-06", "--until", "2017-07-12", "--reason", "x"),
    ):
        with pytest.raises(UsageError):
            run(*words)
