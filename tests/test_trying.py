"""Every letter and document is tried with samples: all faults at once, with file and line; and none stops the start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import scheduler
from bot.jobs import tick
from bot.jobs.parts import Bot
from bot.preview.trying import faults, tell
from bot.record import schema
from tests.bots import (
    ROOT,
    appoint,
    at,
    attentions,
    config,
    config_file,
    events,
    first_run,
    letters,
    never,
    read_mailbox,
    rows,
)

NOW = at("2017-07-03T10:00")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))


@pytest.fixture
def bot(tmp_path: Path, templates: Path) -> Iterator[Bot]:
    with Bot.build(config(tmp_path, paths={"templates": str(templates)})) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


def put(file: Path, text: str, before: str = "{% endblock %}") -> None:
    """Into the last place that stands before such words."""
    head, mark, tail = file.read_text(encoding="utf-8").rpartition(before)
    file.write_text(head + text + mark + tail, encoding="utf-8")


def line_of(templates: Path, file: str, text: str) -> str:
    """Where such words stand: ``receipt/body.txt:3:``."""
    head = (templates / file).read_text(encoding="utf-8").partition(text)[0]
    return f"{file}:{head.count(chr(10)) + 1}:"


def test_the_shipped_templates_have_none(bot: Bot) -> None:
    assert faults(bot, NOW) == []


def test_all_faults_are_told_at_once_with_file_and_line(bot: Bot, templates: Path) -> None:
    # given
    put(templates / "receipt" / "body.txt", "{{ unitt }}{% if monthh %}x{% endif %}")
    put(templates / "returned" / "body.html", "{{ forms[0].deadlin|moment }}")
    put(templates / "digest" / "body.txt", "{% if %}")
    put(templates / "reminder_due" / "subject.txt", "{{ 1 + none }}", "\n")
    put(templates / "board" / "page.html", "{{ nobody }}", "</body>")
    (templates / "orders" / "body.html").unlink()
    (templates / "alarm" / "body.txt").write_bytes(b"\xff\xfe")
    (templates / "bulletin.docx").write_bytes(b"no Word file")
    # when
    found = [line.removeprefix(f"{templates}/") for line in faults(bot, NOW)]
    # then
    places = {line.split(" ", 1)[0] for line in found}
    assert places == {
        "alarm/body.txt:", "bulletin.docx:", "orders/body.html:", "reminder_due/subject.txt:1:",
        line_of(templates, "board/page.html", "{{ nobody }}"), line_of(templates, "digest/body.txt", "{% if %}"),
        line_of(templates, "receipt/body.txt", "unitt"), line_of(templates, "returned/body.html", "deadlin|"),
    }  # fmt: skip
    assert "receipt/body.txt:3: unknown name 'unitt'" in found
    assert "receipt/body.txt:3: unknown name 'monthh'" in found
    assert "returned/body.html:5: unknown name 'deadlin'" in found


def test_a_fault_in_what_all_share_is_told_once(bot: Bot, templates: Path) -> None:
    (templates / "_base" / "words.jinja").write_text("{% macro x() %}{% if %}{% endmacro %}", encoding="utf-8")
    assert [line.partition(":")[0] for line in faults(bot, NOW)] == [str(templates / "_base" / "words.jinja")]


def test_the_start_goes_on_and_tells_the_office_once_a_day(
    tmp_path: Path, templates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(templates / "receipt" / "body.txt", "{{ unitt }}")
    path = config_file(tmp_path, paths={"templates": str(templates)})
    for _ in range(2):  # the mailbox cannot be reached, which is another matter, and no wrong setting
        assert scheduler.main(["--config", str(path), "--once", "--now", "2017-07-03T10:00"]) in (2, 3)
    assert f"{templates}/receipt/body.txt:3: unknown name 'unitt'" in capsys.readouterr().err
    with Bot.build(config(tmp_path, paths={"templates": str(templates)})) as bot:
        assert [kind for kind, _ in attentions(bot)].count("template_fault") == 1
        assert "letter.queued" in events(bot)


def test_what_was_tried_without_a_fault_is_not_tried_again(
    bot: Bot, tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    tell(bot, path, NOW)
    with monkeypatch.context() as patched:
        patched.setattr("bot.preview.trying.in_a_child", lambda *_: pytest.fail("tried again"))
        tell(bot, path, NOW)
    put(templates / "receipt" / "body.txt", "{{ unitt }}")
    for _ in range(2):  # a fault is said at each start, and to the office once
        tell(bot, path, NOW)
    assert len(attentions(bot)) == 1


def test_a_bulletin_whose_document_cannot_be_made_comes_when_it_can(bot: Bot, templates: Path) -> None:
    # given the morning on which the bulletin is due
    good = (templates / "bulletin.docx").read_bytes()
    (templates / "bulletin.docx").write_bytes(b"no Word file")
    appoint(bot, ("五图街道", "李明", "li@wutu.test"))
    for hour in ("2017-07-12T09:00", "2017-07-12T11:00", "2017-07-12T15:00"):
        read_mailbox(bot, at(hour))
        tick.watch_the_clock(bot, at(hour), never, tick.Report())
    # then all else has left, and the office knows
    assert [detail for kind, detail in attentions(bot) if kind == "part_failed"] == [
        f"bulletin: {templates}/bulletin.docx: File is not a zip file"
    ]
    assert {"digest", "attention"} <= {row.letter for row in letters(bot)}
    assert "bulletin" not in {row.letter for row in letters(bot)}
    # when it is mended
    (templates / "bulletin.docx").write_bytes(good)
    read_mailbox(bot, at("2017-07-13T09:00"))
    tick.watch_the_clock(bot, at("2017-07-13T09:00"), never, tick.Report())
    assert "bulletin" in {row.letter for row in letters(bot)}
    assert rows(bot, schema.bulletin)
