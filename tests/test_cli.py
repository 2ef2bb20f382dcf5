"""``python -m bot``: every command, its JSON, its exit status, and never a traceback."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from sqlalchemy import text

from bot.__main__ import main
from bot.config import load_config
from bot.jobs.enqueuing import enqueue
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.watch.watching import watch
from bot.model.deciding import LetterDraft
from bot.model.forms import Cell
from bot.record import runs
from bot.record.database import Record
from tests.books import SUBTOTALS, TOTAL, VALUES, good, xlsx
from tests.bots import (
    ROOT,
    FakeSender,
    appoint,
    archived,
    at,
    build,
    config_file,
    first_run,
    letters,
    never,
    read_mailbox,
    reported,
)
from tests.mails import book, mail, report
from tests.servers.dovecot import DovecotOffice

WUTU = "五图街道"
LI = "li@wutu.test"
NOW = "2017-07-03T10:00"
HELP_SECONDS = 0.4  # of CPU


class Answer:
    """What a command said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line for the operator."""
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line


def environment(config: Path | None, **more: str) -> dict[str, str]:
    """No password and no setting but those given."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith("BOT_")}
    quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "PYTHONWARNINGS": "error"}
    return {**rest, **quiet, **({"BOT_CONFIG": str(config)} if config else {}), **more}


def run(config: Path | None, *args: str | Path, **more: str) -> Answer:
    """The command as a process."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *map(str, args)],
        cwd=ROOT,
        env=environment(config, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_file(tmp_path / "office")


@pytest.fixture
def call(config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """The command in this process, which saves its start."""
    monkeypatch.setenv("BOT_CONFIG", str(config))
    for part in ("MAILBOX", "SMTP"):
        monkeypatch.setenv(f"BOT_{part}_PASSWORD", "secret")

    def calling(*args: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["bot", *map(str, args)])
        capfd.readouterr()
        try:
            code: Any = main()
        except SystemExit as ended:
            code = ended.code
        said = capfd.readouterr()
        return Answer(int(code or 0), said.out, said.err)

    return calling


@pytest.fixture
def bot(config: Path) -> Iterator[Bot]:
    """The same installation, for setting the scene."""
    with build(load_config(config)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "附件4 五图.xlsx"
    path.write_bytes(good())
    return path


def eml(folder: Path, data: bytes) -> Path:
    path = folder / "mail.eml"
    path.write_bytes(data)
    return path


# Light, and the same from everywhere


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    look = (
        "import sys; sys.argv = ['bot', '--help']\n"
        "from bot.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'openpyxl', 'sqlalchemy', 'alembic', 'jinja2', 'pydantic', 'python_calamine', 'docx', 'lxml',\n"
        "         'pdfplumber', 'chinese_calendar', 'imapclient', 'apscheduler', 'keyring', 'numpy', 'onnxruntime'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    quickest = 9.0
    for _ in range(3):  # the machine may be busy
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        quickest = min(quickest, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if quickest < HELP_SECONDS:
            break
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    for command in ("read", "explain", "status", "outbox", "roster", "form", "doctor"):
        assert command in done.stdout
    assert quickest < HELP_SECONDS


@pytest.mark.parametrize("where", ["first", "middle", "last", "equals"])
def test_config_may_stand_anywhere(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, config: Path, tmp_path: Path, where: str
) -> None:
    monkeypatch.setenv("BOT_CONFIG", str(tmp_path / "absent.toml"))
    words = ["status", "--period", "2017-08", "--json"]
    place = {"first": 0, "middle": 1, "last": 4, "equals": 1}[where]
    words[place:place] = [f"--config={config}"] if where == "equals" else ["--config", str(config)]
    answer = call(*words)
    assert answer.code == 0
    assert answer.json["period"] == "2017-08"


def test_config_without_a_file_is_wrong_usage(call: Callable[..., Answer]) -> None:
    answer = call("status", "--config")
    assert (answer.code, "--config" in answer.error) == (2, True)


WRONG_SETTINGS = [
    ({"office": {"timezon": "Asia/Shanghai"}}, "office.timezon"),
    ({"office": {"timezone": "Mars/Base"}}, "office.timezone"),
    ({"office": {"staff": ["a..b@demo.test"]}}, "office.staff"),
    ({"smtp": {"from": "a..b@demo.test"}}, "smtp.from"),
    ({"smtp": {"security": "ssl"}}, "smtp.security"),
    ({"smtp": {"security": "none", "host": "smtp.163.com"}}, "smtp"),
    ({"mailbox": {"port": "x"}}, "mailbox.port"),
    ({"mailbox": {"host": None}}, "mailbox.host"),
    ({"campaign": {"first_period": "2017-13"}}, "campaign.first_period"),
    ({"database": {"url": "nonsense"}}, "database.url"),
    ({"database": {"url": "mysql://root@127.0.0.1/x"}}, "database.url"),
    ({"paths": {"rules": "/nowhere"}}, "/nowhere"),
    ({"paths": {"templates": "/nowhere"}}, "/nowhere"),
    ({"schedule": {"poll_seconds": 0}}, "schedule.poll_seconds"),
    ({"extra": {"x": 1}}, "extra"),
]


@pytest.mark.parametrize(("change", "named"), WRONG_SETTINGS)
def test_a_wrong_setting_is_one_line_that_names_it(
    call: Callable[..., Answer], tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    wrong = config_file(tmp_path / "wrong", **change)
    for command in (["status", "--json"], ["doctor", "--json"]):
        answer = call(*command, "--config", wrong)
        assert answer.code == 2
        assert named in answer.error
        assert answer.out == ""


@pytest.mark.parametrize("content", ["[office", b"\xff\xfe\x00", "", "x = 1"])
def test_a_config_that_is_no_toml(call: Callable[..., Answer], config: Path, content: str | bytes) -> None:
    config.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer = call("status")
    assert answer.code == 2
    assert "config.toml" in answer.error


def test_a_broken_template_is_found_by_doctor(call: Callable[..., Answer], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "templates" / "receipt" / "body.txt").write_text("{% if %}")
    wrong = config_file(tmp_path / "wrong", paths={"templates": str(tmp_path / "templates")})
    answer = call("doctor", "--config", wrong)
    assert answer.code == 2
    assert "receipt/body.txt:1" in answer.error


def test_a_newer_database_is_refused(call: Callable[..., Answer], bot: Bot) -> None:
    with bot.record.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (["status"], ["outbox"], ["outbox", "release", "--all"]):
        answer = call(*command)
        assert answer.code == 3
        assert "9999" in answer.error


WRONG_USAGE = [
    ["nonsense"],
    ["read"],
    ["read", "absent.xlsx"],
    ["read", "/"],
    ["explain", "absent.eml"],
    ["explain"],
    ["status", "--period", "2017-13"],
    ["status", "--period", "2016-01"],
    ["status", "--period", "2030-01"],
    ["status", "--period", "June"],
    ["status", "--form", "annex9"],
    ["status", "--now", "yesterday"],
    ["status", "--now", "0001-01-01T00:00"],
    ["outbox", "show", "no such key"],
    ["outbox", "release"],
    ["outbox", "release", "no such key"],
    ["outbox", "release", "key", "--all"],
    ["outbox", "drop"],
    ["outbox", "nonsense"],
    ["roster", "import", "absent.xlsx"],
    ["roster", "import", str(ROOT / "config.toml")],
    ["roster", "export", "/nowhere/x.xlsx"],
    ["roster", "export", "/"],
    ["base", "import", "absent.xlsx"],
    ["base", "import", str(ROOT / "config.toml"), "--form", "annex9"],
    ["form", "annex9", "--unit", WUTU, "--period", "2017-07", "-o", "/tmp/x.xlsx"],
    ["form", "annex4", "--unit", "月球街道", "--period", "2017-07", "-o", "/tmp/x.xlsx"],
    ["form", "annex4", "--unit", WUTU, "--period", "2017-7", "-o", "/tmp/x.xlsx"],
    ["form", "annex4", "--unit", WUTU, "--period", "2020-01", "-o", "/tmp/x.xlsx"],
    ["form", "annex4", "--unit", WUTU, "--period", "2017-07", "-o", "/nowhere/x.xlsx"],
    ["form", "annex4", "--unit", WUTU, "--period", "2017-07"],
    ["doctor", "--now", "x"],
]


@pytest.mark.parametrize("words", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_told_and_nothing_printed(call: Callable[..., Answer], words: list[str]) -> None:
    answer = call(*words)
    assert answer.code == 2
    assert answer.err
    assert answer.out == ""


def test_output_that_nobody_reads_to_the_end(config: Path) -> None:
    script = f"{sys.executable} -m bot status --json | head -1"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment(config), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


# read


READ_KEYS = {"file", "status", "reason", "forms"}
FORM_KEYS = {
    "form", "place", "unit", "period", "filled_on", "reporter", "phone", "values", "stated", "confidence", "findings",
}  # fmt: skip


def test_read_says_everything_about_a_good_file(config: Path, workbook: Path) -> None:
    answer = run(config, "read", workbook, "--json", "--now", NOW)
    assert answer.code == 0
    (file,) = answer.json
    assert set(file) >= READ_KEYS
    assert (file["file"], file["status"], file["reason"]) == (workbook.name, "read", None)
    (form,) = file["forms"]
    assert set(form) >= FORM_KEYS
    assert (form["form"], form["place"], form["unit"], form["period"]) == ("annex4", "Sheet1", WUTU, "2017-06")
    assert (form["filled_on"], form["reporter"], form["phone"]) == ("2017-07-03", "李明", "0536-6221234")
    assert form["values"] == VALUES
    assert form["stated"] == {"subtotals": SUBTOTALS, "total": TOTAL}
    assert (form["confidence"], form["findings"]) == ("exact", [])
    assert not (config.parent / "data").exists()


def test_read_tells_each_file_and_each_finding(call: Callable[..., Answer], tmp_path: Path, workbook: Path) -> None:
    junk, wrong = tmp_path / "junk.xlsx", tmp_path / "wrong.xlsx"
    junk.write_bytes(b"not a workbook")
    wrong.write_bytes(book(total=33))
    answer = call("read", junk, workbook, wrong, "--json", "--now", NOW)
    assert answer.code == 1
    unreadable, fine, bad = answer.json
    assert (unreadable["status"], unreadable["forms"]) == ("unreadable", [])
    assert set(unreadable["reason"]) == {"code", "message"}
    assert unreadable["reason"]["message"]
    assert fine["status"] == "read"
    (finding,) = bad["forms"][0]["findings"]
    assert set(finding) >= {"check", "severity", "place", "message"}
    assert (finding["check"], finding["severity"], finding["place"]) == ("total", "error", "B9")


def test_read_shows_a_table_to_people(call: Callable[..., Answer], tmp_path: Path, workbook: Path) -> None:
    wrong = tmp_path / "wrong [bold].xlsx"
    wrong.write_bytes(book(total=33))
    answer = call("read", wrong, workbook, "--now", NOW)
    assert answer.code == 1
    for word in ("wrong [bold].xlsx", "规模以上企业", "B9", "33"):
        assert word in answer.out


def test_a_warning_alone_is_good(call: Callable[..., Answer], tmp_path: Path) -> None:
    path = tmp_path / "no-unit.xlsx"
    path.write_bytes(book(unit=""))
    answer = call("read", path, "--json", "--now", NOW)
    assert [f["severity"] for f in answer.json[0]["forms"][0]["findings"]] == ["warning"]
    assert answer.code == 0


# explain


EXPLAIN_KEYS = {
    "message_id", "from", "subject", "automatic", "attachments", "forms", "outcome", "letters", "question",
}  # fmt: skip


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def test_explain_says_what_a_mail_is_and_leaves_no_database(config: Path, tmp_path: Path) -> None:
    # given a workbook in a zip, from a stranger, before the bot ever ran
    data = mail(f"李明 <{LI}>", "报送附件4", ("报表.zip", zipped("附件4.xlsx", good())), message_id="<1@wutu.test>")
    before = sorted(config.parent.rglob("*"))
    # when
    answer = run(config, "explain", eml(tmp_path, data), "--json", "--now", NOW)
    # then
    assert answer.code == 0
    shape = answer.json
    assert set(shape) >= EXPLAIN_KEYS
    assert (shape["message_id"], shape["from"], shape["subject"]) == ("<1@wutu.test>", LI, "报送附件4")
    assert shape["automatic"] is None
    (attachment,) = shape["attachments"]
    assert set(attachment) >= {"name", "kind", "status", "reason"}
    assert (attachment["name"], attachment["kind"], attachment["status"]) == ("附件4.xlsx", "xlsx", "read")
    assert [set(form) >= FORM_KEYS for form in shape["forms"]] == [True]
    assert shape["outcome"] == "waiting"
    assert shape["letters"] == [{"letter": "waiting", "to": LI}]
    assert "未登记" in shape["question"]
    assert sorted(config.parent.rglob("*")) == before


def test_explain_reads_the_record_and_changes_nothing_in_it(
    call: Callable[..., Answer], bot: Bot, tmp_path: Path
) -> None:
    # given a liaison whom the record knows
    bot.record.close()
    file = tmp_path / "office" / "data" / "bot.db"
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    # when
    answer = call("explain", eml(tmp_path, report(LI)), "--json", "--now", NOW)
    # then
    assert answer.json["outcome"] == "accepted"
    assert answer.json["letters"] == [{"letter": "receipt", "to": LI}]
    assert answer.json["question"] is None
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("data", "outcome", "automatic"),
    [
        (report(LI, total=33), "returned", None),
        (mail(LI, "周五开会"), "ignored", None),
        (mail(LI, "报送附件4"), "unreadable", None),
        (report(LI, headers={"Auto-Submitted": "auto-replied"}), "waiting", "auto_submitted"),
        (b"", "ignored", None),
        (b"\xff\x00", "ignored", None),
    ],
)
def test_explain_of_other_mails(
    call: Callable[..., Answer], bot: Bot, tmp_path: Path, data: bytes, outcome: str, automatic: str | None
) -> None:
    answer = call("explain", eml(tmp_path, data), "--json", "--now", NOW)
    assert answer.code == 0
    assert (answer.json["outcome"], answer.json["automatic"]) == (outcome, automatic)
    assert letters(bot) == []


def test_explain_says_what_would_be_a_repetition(call: Callable[..., Answer], bot: Bot, tmp_path: Path) -> None:
    archived(bot, report(LI), at(NOW))
    work(bot, at(NOW), never)
    answer = call("explain", eml(tmp_path, report(LI, subject="再发")), "--json", "--now", "2017-07-04T10:00")
    assert answer.json["outcome"] == "duplicate"


def test_explain_shows_a_table_to_people(call: Callable[..., Answer], bot: Bot, tmp_path: Path) -> None:
    answer = call("explain", eml(tmp_path, report(LI)), "--now", NOW)
    assert answer.code == 0
    for word in ("accepted", "receipt to li@wutu.test", "附件4.xlsx (xlsx): read", "规模以上企业"):
        assert word in answer.out


# status


UNIT_KEYS = {"unit", "kind", "state", "received_at", "version", "total", "late_by_days", "liaison", "phone"}


def test_the_moment_that_is_pretended_is_the_first_day_of_what_is_new(
    tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a record that has met the units of today
    rules = Path(shutil.copytree(ROOT / "rules", tmp_path / "rules"))
    monkeypatch.setenv("BOT_CONFIG", str(config_file(tmp_path / "office", paths={"rules": str(rules)})))
    settings = load_config(tmp_path / "office" / "config.toml")
    with Bot.build(settings, now=at("2017-06-01T09:00")) as began:
        first_run(began, at("2017-06-01T09:00"))
    # when one is put in
    units = rules / "units.toml"
    new = '[[units]]\nid = "xinsheju"\nname = "新设局"\nkind = "department"\nfull_name = "昌乐县新设局"\n\n[[groups]]'
    units.write_text(units.read_text(encoding="utf-8").replace("\n[[groups]]", f"\n{new}", 1), encoding="utf-8")
    # then it owes from the day that is pretended, and nothing of before
    owing = {
        period: {unit["unit"] for unit in call("status", "--json", "--period", period, "--now", now).json["units"]}
        for period, now in (("2017-08", "2017-09-11T09:00"), ("2017-10", "2017-10-11T09:00"))
    }
    assert ("新设局" in owing["2017-08"], "新设局" in owing["2017-10"]) == (False, True)


def test_status_says_where_each_unit_stands(config: Path, bot: Bot) -> None:
    # given
    reported(bot, WUTU, when="2017-07-03T10:00")
    reported(bot, "乔官镇", when="2017-07-08T10:00")
    reported(bot, "红河镇", when="2017-07-04T10:00", outcome="returned")
    reported(bot, "营丘镇", when="2017-07-04T11:00", outcome="waiting", why="unknown_sender")
    # when
    answer = run(config, "status", "--period", "2017-06", "--json", "--now", "2017-07-10T09:00")
    # then
    assert answer.code == 0
    shape = answer.json
    assert (shape["period"], shape["deadline"]) == ("2017-06", "2017-07-05T23:59:59+08:00")
    assert shape["rates"] == {"expected": len(bot.rules.units.units), "received": 2, "on_time": 1}
    units = {unit["unit"]: unit for unit in shape["units"]}
    assert all(set(unit) >= UNIT_KEYS for unit in shape["units"])
    assert units[WUTU] == {
        "unit": WUTU, "kind": "town", "state": "accepted", "received_at": "2017-07-03T10:00:00+08:00", "version": 1,
        "total": 32, "late_by_days": 0, "liaison": "李明", "phone": "13800000000",
    }  # fmt: skip
    assert (units["乔官镇"]["state"], units["乔官镇"]["late_by_days"]) == ("late", 3)
    assert units["红河镇"]["state"] == "returned"
    assert units["营丘镇"]["state"] == "waiting"
    assert units["安监局"] == {
        "unit": "安监局", "kind": "department", "state": "missing", "received_at": None, "version": None,
        "total": None, "late_by_days": 5, "liaison": None, "phone": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("now", "given", "period", "state"),
    [
        ("2017-07-05T23:59:59", None, "2017-06", "open"),
        ("2017-07-06T00:00:00", None, "2017-06", "missing"),
        ("2017-07-05T09:00", "2017-12", "2017-12", "open"),  # a month to come
        ("2017-01-01T09:00", None, "2017-06", "open"),  # before the campaign
        ("2019-05-05T09:00", None, "2017-12", "missing"),  # after it
        ("2017-07-05T16:30:00+00:00", None, "2017-06", "missing"),  # half past midnight in the office
    ],
)
def test_status_of_past_present_and_future_months(
    call: Callable[..., Answer], now: str, given: str | None, period: str, state: str
) -> None:
    answer = call("status", "--json", "--now", now, *(["--period", given] if given else []))
    assert answer.code == 0
    assert answer.json["period"] == period
    assert {unit["state"] for unit in answer.json["units"]} == {state}


def test_status_shows_a_table_to_people(call: Callable[..., Answer], bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-03T10:00")
    answer = call("status", "--now", "2017-07-10T09:00")
    assert answer.code == 0
    for word in (WUTU, "accepted", "missing", "received 1", "last good poll: never"):
        assert word in answer.out


# board


def test_board_writes_the_page_for_the_screen(bot: Bot, call: Callable[..., Answer], tmp_path: Path) -> None:
    reported(bot, WUTU, when="2017-07-03T10:00")
    answer = call("board", "-o", str(tmp_path / "new" / "screen.html"), "--now", "2017-07-10T09:00")
    assert answer.code == 0
    said = (tmp_path / "new" / "screen.html").read_text(encoding="utf-8")
    assert said.startswith("<!DOCTYPE html>")
    assert "2017年7月10日 09:00更新" in said
    # and without a place, where the bot keeps it
    answer = call("board", "--now", "2017-07-10T09:00")
    assert answer.out.strip() == str(bot.config.paths.data / "board.html")
    assert (bot.config.paths.data / "board.html").read_text(encoding="utf-8") == said


def test_board_names_a_place_that_cannot_be_written_to(call: Callable[..., Answer], tmp_path: Path) -> None:
    answer = call("board", "-o", str(tmp_path))
    assert answer.code == 2
    assert str(tmp_path) in answer.error


# outbox


OUTBOX_KEYS = {"key", "letter", "to", "subject", "state", "attempts", "queued_at", "sent_at"}


def some_letters(bot: Bot, *keys: str, held: bool = True) -> None:
    context = {"sentence": "一句话 [red]", "since": at(NOW), "detail": "细节"}
    with bot.record.begin() as conn:
        for key in keys:
            enqueue(bot, conn, LetterDraft(key, "alarm", LI, context, held=held), at(NOW))


def test_outbox_lists_letters_as_they_stand(config: Path, bot: Bot, call: Callable[..., Answer]) -> None:
    assert call("outbox", "--json").json == []
    some_letters(bot, "first", held=False)
    send_due(bot, FakeSender().open, at("2017-07-03T10:05"), never)
    some_letters(bot, "second")
    answer = run(config, "outbox", "--json")
    assert answer.code == 0
    sent, held = answer.json
    assert set(sent) >= OUTBOX_KEYS
    assert (sent["key"], sent["letter"], sent["to"], sent["state"], sent["attempts"]) == (
        "first",
        "alarm",
        LI,
        "sent",
        1,
    )
    assert sent["subject"].startswith("【警报】一句话 [red]")
    assert (sent["queued_at"], sent["sent_at"]) == ("2017-07-03T10:00:00+08:00", "2017-07-03T10:05:00+08:00")
    assert (held["state"], held["sent_at"], held["attempts"]) == ("held", None, 0)


def test_outbox_release_drop_and_show(call: Callable[..., Answer], bot: Bot) -> None:
    some_letters(bot, "a", "b", "c", "d")
    assert call("outbox", "release", "a").out.split() == ["a"]
    assert call("outbox", "drop", "b").out.split() == ["b"]
    partly = call("outbox", "release", "c", "b")
    assert (partly.code, partly.out.split()) == (2, ["c"])
    assert "not held: b" in partly.error
    assert call("outbox", "release", "--all").out.split() == ["d"]
    states = {row["key"]: row["state"] for row in call("outbox", "--json").json}
    assert states == {"a": "queued", "b": "cancelled", "c": "queued", "d": "queued"}
    shown = call("outbox", "show", "a")
    assert shown.code == 0
    for word in ("From: 安委会办公室 <bot@demo.test>", f"To: {LI}", "Subject: 【警报】一句话", "细节"):
        assert word in shown.out
    table = call("outbox")
    assert table.code == 0
    assert "cancelled" in table.out


# roster, base, form


def test_roster_goes_in_and_out(config: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    head: list[Cell] = ["单位", "姓名", "手机", "邮箱"]
    path, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(xlsx(([head, [WUTU, "李明", "13800000000", LI]], ())))
    answer = run(config, "roster", "import", path, "--now", NOW)
    assert (answer.code, answer.err) == (0, "")
    assert call("roster", "export", out, "--now", NOW).code == 0
    sheet = openpyxl.load_workbook(out).worksheets[0]
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert lines[0] == head
    assert [WUTU, "李明", "13800000000", LI] in lines


def test_roster_rows_that_need_a_look_are_told(call: Callable[..., Answer], tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    head: list[Cell] = ["单位", "姓名", "手机", "邮箱"]
    path.write_bytes(xlsx(([head, ["月球街道", "吴刚", "1", "w@m.test"], [WUTU, "李明", "1", None]], ())))
    answer = call("roster", "import", path, "--now", NOW)
    assert answer.code == 1
    assert "1 changed, 0 as before" in answer.out
    assert [line.split(":")[0] for line in answer.err.splitlines()] == ["Sheet1!2", "Sheet1!3"]


def test_base_goes_in(call: Callable[..., Answer], tmp_path: Path) -> None:
    path = tmp_path / "base.xlsx"
    head: list[Cell] = ["单位", "规模以上企业", "高危企业", "其他生产经营单位"]
    path.write_bytes(xlsx(([head, [WUTU, 1, 2, 3]], ())))
    assert call("base", "import", path, "--now", NOW).code == 0
    path.write_bytes(xlsx(([head, [WUTU, 1, "许多", 3]], ())))
    answer = call("base", "import", path)
    assert answer.code == 1
    assert "Sheet1!2" in answer.err


def test_the_form_that_is_written_is_read(config: Path, bot: Bot, tmp_path: Path, call: Callable[..., Answer]) -> None:
    # given June's numbers
    reported(bot, WUTU, "2017-06", "2017-07-03T10:00")
    path = tmp_path / "七月.xlsx"
    # when July's workbook is made, and read as it is
    made = run(
        config, "form", "annex4", "--unit", "昌乐县五图街道办事处", "--period", "2017-07", "-o", path, "--now", NOW
    )
    assert (made.code, made.out.strip()) == (0, str(path))
    answer = call("read", path, "--json", "--now", "2017-08-02T09:00")
    # then
    (form,) = answer.json[0]["forms"]
    assert (form["unit"], form["period"], form["reporter"]) == (WUTU, "2017-07", "李明")
    assert form["values"] == VALUES
    assert [f for f in form["findings"] if f["severity"] == "error"] == []
    assert answer.code == 0


# doctor


def doctor_states(answer: Answer) -> dict[str, str]:
    return {row["part"]: row["state"] for row in answer.json}


def served(folder: Path, office: DovecotOffice) -> Path:
    return config_file(
        folder,
        mailbox={"port": office.imap_port, "username": office.username},
        smtp={"port": office.smtp_port, "username": office.username, "from": f"办公室 <{office.username}>"},
    )


def test_doctor_with_good_servers(
    call: Callable[..., Answer], tmp_path: Path, dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given servers, but nobody to write to
    good_config = served(tmp_path / "good", dovecot)
    answer = call("doctor", "--json", "--now", NOW, "--config", good_config)
    states = doctor_states(answer)
    assert (answer.code, states["mailbox"], states["smtp"], states["roster"]) == (1, "ok", "ok", "warning")
    # when all units have an address
    with build(load_config(good_config)) as bot:
        appoint(bot, *((u.name, "某人", f"{u.id}@x.test") for u in bot.rules.units.units))
    answer = call("doctor", "--json", "--now", NOW, "--config", good_config)
    # then
    assert answer.code == 0
    assert set(doctor_states(answer).values()) <= {"ok", "note"}  # what can do without a program does
    assert all(set(row) >= {"part", "state", "found", "fix"} for row in answer.json)
    # and a wrong password is a world that is broken, in words
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "wrong")
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "wrong")
    answer = call("doctor", "--json", "--now", NOW, "--config", good_config)
    assert (answer.code, doctor_states(answer)["mailbox"], doctor_states(answer)["smtp"]) == (3, "failed", "failed")
    assert all(row["fix"] for row in answer.json if row["state"] == "failed")
    assert dovecot.sent == []


def test_doctor_without_servers_or_passwords(config: Path) -> None:
    answer = run(config, "doctor", "--json", "--now", NOW)
    assert answer.code == 3
    states = {row["part"]: row for row in answer.json}
    assert states["database"]["state"] == "ok"
    assert "BOT_MAILBOX_PASSWORD" in states["mailbox"]["found"]
    assert "BOT_SMTP_PASSWORD" in states["smtp"]["found"]


def test_doctor_without_a_database(call: Callable[..., Answer], tmp_path: Path) -> None:
    wrong = config_file(tmp_path / "wrong", database={"url": "sqlite:////proc/bot.db"})
    answer = call("doctor", "--json", "--config", wrong)
    assert answer.code == 3
    assert doctor_states(answer) == {"config": "ok", "database": "failed"}


def test_doctor_tells_that_nothing_runs(call: Callable[..., Answer], bot: Bot) -> None:
    read_mailbox(bot, at("2017-07-03T09:00"))
    assert "poll" not in doctor_states(call("doctor", "--json", "--now", NOW))
    answer = call("doctor", "--json", "--now", "2017-07-03T10:01")
    assert doctor_states(answer)["poll"] == "warning"
    table = call("doctor", "--now", NOW)
    assert table.code == 3
    assert "mailbox" in table.out


def test_doctor_names_a_trouble_that_lasts(call: Callable[..., Answer], tmp_path: Path, dovecot: DovecotOffice) -> None:
    # given an installation in which all is well
    good_config = served(tmp_path / "good", dovecot)
    words = ["doctor", "--json", "--config", good_config, "--now"]
    with build(load_config(good_config)) as bot:
        first_run(bot, at(NOW))
        appoint(bot, *((u.name, "某人", f"{u.id}@x.test") for u in bot.rules.units.units))
        assert call(*words, NOW).code == 0
        # when letters cannot leave for hours, and the mailbox is read all the time
        some_letters(bot, "a", held=False)
        for minutes in range(0, 200, 10):
            moment = at(NOW) + timedelta(minutes=minutes)
            read_mailbox(bot, moment)
            watch(bot, moment)
    answer = call(*words, "2017-07-03T13:10")
    # then
    assert answer.code == 1
    (trouble,) = (row for row in answer.json if row["state"] not in ("ok", "note"))
    assert (trouble["part"], trouble["since"]) == ("outbox", "2017-07-03T10:10:00+08:00")
    assert "2017-07-03 10:10+08:00: 1" in trouble["found"]
    assert trouble["fix"]
    assert {row["since"] for row in answer.json if row["state"] == "ok"} == {None}


def test_doctor_says_that_held_letters_hold_probes_too(call: Callable[..., Answer], tmp_path: Path) -> None:
    held = config_file(tmp_path / "held", smtp={"deliver": "hold"}, watch={"probe_hours": 24})
    (row,) = (row for row in call("doctor", "--json", "--config", held).json if row["part"] == "deliver")
    assert "no probe" in row["found"]


def test_doctor_tells_when_a_probe_came_back(call: Callable[..., Answer], tmp_path: Path) -> None:
    probing = config_file(tmp_path / "probing", watch={"probe_hours": 24})
    with build(load_config(probing)) as bot, bot.record.begin() as conn:
        runs.put(conn, "probe_back", json.dumps({"letter_id": 7, "at": "2017-07-03T01:00:00+00:00"}))
    (row,) = (row for row in call("doctor", "--json", "--config", probing).json if row["part"] == "probe")
    assert (row["state"], "2017-07-03 09:00+08:00" in row["found"]) == ("ok", True)


def test_commands_wait_for_a_worker_that_writes(call: Callable[..., Answer], bot: Bot) -> None:
    some_letters(bot, "a")
    with bot.record.read() as conn:
        conn.execute(text("SELECT count(*) FROM letter")).all()
        assert call("outbox", "release", "a").code == 0
    with Record.open(bot.config.database.url) as other, other.begin() as conn:
        conn.execute(text("UPDATE letter SET attempts = 0"))
        assert call("status", "--json").code == 0  # readers do not wait


# A year


def test_the_calendar_of_a_year_needs_no_database(call: Callable[..., Answer], config: Path, tmp_path: Path) -> None:
    file = tmp_path / "2017.ics"
    answer = call("calendar", "--year", "2017", "-o", file)
    assert answer.code == 0
    assert ["2017-08-05", "Sat", "NO"] in [line.split()[2:5] for line in answer.out.splitlines()]
    assert file.read_bytes().count(b"BEGIN:VEVENT") == 10  # four are owed once, in June
    assert not (config.parent / "data").exists()


def test_the_calendar_as_json_says_when_reminders_go_out(call: Callable[..., Answer]) -> None:
    answer = call("calendar", "--json", "--now", NOW).json
    assert (answer["year"], answer["guess"], len(answer["deadlines"])) == (2017, False, 10)
    assert {d["form"] for d in answer["deadlines"] if d["period"] is None} == {"liaisons", "plan", "annex2", "annex3"}
    june = answer["deadlines"][4]
    assert {key: june[key] for key in ("form", "period", "deadline", "weekday", "worked", "moved_from", "guess")} == {
        "form": "annex4", "period": "2017-06", "deadline": "2017-07-05T23:59:59+08:00", "weekday": 3, "worked": True,
        "moved_from": None, "guess": False,
    }  # fmt: skip
    assert june["reminders"]["before-3"] == "2017-06-30T08:30:00+08:00"


def test_a_year_of_guesses_is_marked(tmp_path: Path) -> None:
    config = config_file(tmp_path, campaign={"first_period": "2027-01", "last_period": "2027-12"})
    answer = run(config, "calendar", "--year", "2027")
    assert answer.code == 0
    assert "2027: a guess" in answer.out


@pytest.mark.parametrize("command", ["calendar", "assessment"])
def test_a_year_without_anything_is_one_line(call: Callable[..., Answer], bot: Bot, command: str) -> None:
    answer = call(command, "--year", "2031")
    assert answer.code == 2
    assert "2031; the campaign lasts from 2017-06 to 2017-12" in answer.error


@pytest.mark.parametrize("command", ["calendar", "assessment"])
def test_a_file_that_cannot_be_written_is_one_line(call: Callable[..., Answer], bot: Bot, command: str) -> None:
    answer = call(command, "--year", "2017", "--now", "2018-01-10T10:00", "-o", "/nowhere/file")
    assert answer.code == 2
    assert "/nowhere/file: No such file" in answer.error


def test_an_assessment_before_the_first_run_is_refused(call: Callable[..., Answer]) -> None:
    assert "has never run" in call("assessment", "--year", "2017").error


def test_the_assessment_as_json_has_the_evidence_behind_each_number(call: Callable[..., Answer], bot: Bot) -> None:
    reported(bot, WUTU, "2017-06", "2017-07-06T00:00")
    answer = call("assessment", "--year", "2017", "--now", "2017-07-10T10:00", "--json").json
    assert (answer["year"], answer["since"]) == (2017, "2017-06-20T09:00:00+08:00")
    assert len(answer["units"]) == 45
    first = answer["units"][0]
    (evidence,) = first.pop("evidence")
    assert first == {
        "unit": WUTU, "kind": "town", "rank": 1, "owed": 1, "on_time": 0, "late": 1, "late_days": 1, "missing": 0,
        "waiting": 0, "returned": 0, "corrected": 0, "deducted": 1.0, "score": 99.0, "grade": "优秀",
    }  # fmt: skip
    assert evidence == {
        "form": "annex4", "period": "2017-06", "deadline": "2017-07-05T23:59:59+08:00", "outcome": "late",
        "received_at": "2017-07-06T00:00:00+08:00", "version": 1, "late_days": 1, "returned": 0, "corrected": 0,
        "deductions": [{"for": "late", "count": 1, "points": 1.0}],
    }  # fmt: skip


def test_the_assessment_begins_with_the_first_run_by_a_right_clock(call: Callable[..., Answer], config: Path) -> None:
    with build(load_config(config)) as bot:
        first_run(bot, at("2999-06-20T09:00"))
        first_run(bot, at("2017-06-20T09:00"))
    answer = call("assessment", "--year", "2017", "--now", "2017-07-10T10:00", "--json").json
    assert answer["since"] == "2017-06-20T09:00:00+08:00"


def test_the_assessment_is_a_table_and_a_workbook(call: Callable[..., Answer], bot: Bot, tmp_path: Path) -> None:
    reported(bot, WUTU)
    file = tmp_path / "考核.xlsx"
    answer = call("assessment", "--year", "2017", "--now", "2017-07-10T10:00", "-o", file)
    assert answer.code == 0
    assert "五图街道" in answer.out
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["考核结果", "报送明细", "考核办法"]
    assert book["考核结果"]["C4"].value == WUTU


# bulletin


def test_a_bulletin_is_written_with_its_workbook(call: Callable[..., Answer], bot: Bot, tmp_path: Path) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    paper, sheets = tmp_path / "b.docx", tmp_path / "s.xlsx"
    answer = call("bulletin", "--period", "2017-06", "-o", paper, "--summary", sheets, "--now", "2017-07-11T09:00")
    assert (answer.code, answer.out.split()) == (0, [str(paper), str(sheets)])
    said = "".join(p.text for p in docx.Document(str(paper)).paragraphs)
    assert "已报送1个" in said and "（送审稿）" in said
    assert openpyxl.load_workbook(sheets).sheetnames[0] == "汇总"


def test_a_release_freezes_what_is_written(call: Callable[..., Answer], bot: Bot, tmp_path: Path) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    first = call("bulletin", "--release", "--json", "--now", "2017-07-11T09:00")  # the newest that is past: June
    assert (first.code, first.json["period"], first.json["released_at"]) == (0, "2017-06", "2017-07-11T09:00:00+08:00")
    # when it is corrected with the office's yes, and asked for again
    more = {**VALUES, "other": {**VALUES["other"], "ungraded": 17}}
    reported(bot, WUTU, when="2017-07-20T10:00", numbers=more)
    again = call("bulletin", "--period", "2017-06", "--json", "-o", tmp_path / "b.docx", "--now", "2017-08-01T09:00")
    assert again.json["total"] == first.json["total"]
    assert again.json["units"] == first.json["units"]
    assert [(x["unit"], x["announced"], x["now"]) for x in again.json["later"]] == [(WUTU, 32, 42)]
    assert "2017年7月11日" in [p.text for p in docx.Document(str(tmp_path / "b.docx")).paragraphs]
    # then a second release is refused, and status tells of the lock
    second = call("bulletin", "--release", "--period", "2017-06", "--now", "2017-08-01T09:00")
    assert (second.code, "2017-06 was released at 2017-07-11T09:00+08:00" in second.error) == (2, True)
    assert call("status", "--period", "2017-06", "--json").json["released_at"] == "2017-07-11T09:00:00+08:00"
    assert "locked: announced" in call("status", "--period", "2017-06").out
    assert call("status", "--period", "2017-07", "--json").json["released_at"] is None


def test_bulletin_json_has_every_unit_with_its_numbers(call: Callable[..., Answer], bot: Bot) -> None:
    number = reported(bot, WUTU, when="2017-07-07T10:00")
    shape = call("bulletin", "--json", "--now", "2017-07-11T09:00").json
    (unit,) = [u for u in shape["units"] if u["unit"] == WUTU]
    assert (unit["values"], unit["total"], unit["report"], unit["version"]) == (VALUES, TOTAL, number, 1)
    assert (unit["state"], unit["late_days"], unit["rank"], unit["remark"]) == ("late", 2, None, "逾期2天报送")
    assert [c["reached"] for c in shape["categories"]] == list(SUBTOTALS.values())
    assert shape["ranked_by"] == {"town": "none", "department": "none"}  # no town has a base registered


def test_bulletin_without_a_file_is_a_table(call: Callable[..., Answer], bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    answer = call("bulletin", "--now", "2017-07-11T09:00")
    assert answer.code == 0
    assert "not released" in answer.out and WUTU in answer.out and "received=1" in answer.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--now", "2017-07-05T12:00"), "no deadline has passed yet"),
        (("--period", "2017-07", "--now", "2017-07-11T09:00"), "expected a month from 2017-06 to 2017-06"),
        (("--period", "2017-06", "--now", "2017-07-05T12:00", "--release"), "no deadline has passed yet"),
        (("--period", "2017-0x", "--now", "2017-07-11T09:00"), "--period"),
        (("-o", "/nowhere/b.docx", "--now", "2017-07-11T09:00"), "/nowhere/b.docx"),
    ],
)
def test_bulletin_says_what_is_wrong(call: Callable[..., Answer], bot: Bot, words: tuple[str, ...], says: str) -> None:
    answer = call("bulletin", *words)
    assert (answer.code, says in answer.error) == (2, True)


def test_a_broken_template_releases_nothing(tmp_path: Path, call: Callable[..., Answer], config: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "templates" / "bulletin.docx").write_bytes(b"broken")
    wrong = config_file(tmp_path / "wrong", paths={"templates": str(tmp_path / "templates")})
    for words in (("bulletin", "--release", "-o", str(tmp_path / "b.docx")), ("doctor",)):
        answer = call("--config", str(wrong), *words, "--now", "2017-07-11T09:00")
        assert (answer.code, "templates/bulletin.docx: " in answer.error) == (2, True)
    shape = call("--config", str(wrong), "bulletin", "--json", "--now", "2017-07-11T09:00").json
    assert shape["released_at"] is None
