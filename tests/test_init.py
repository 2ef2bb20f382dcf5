"""``init``: from nothing to the first letter that the office lets go, and what it writes, keeps and asks on the way."""

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.null
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import main
from bot.cli.settings_file import with_values
from bot.config import load_config
from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.record import acts
from bot.rules.load import load_rules
from bot.secrets import password
from tests.bots import ROOT, at, reported, text_of
from tests.faults.dying import KILLED, Death, run, spread
from tests.faults.keeping import do_init
from tests.figures import count
from tests.mails import report
from tests.servers.certificates import self_signed
from tests.servers.netease import NetEase, Stored
from tests.servers.scripted_smtp import ScriptedSmtp

OFFICE = ["--office", "新县安委会办公室", "--contact", "张三", "--phone", "6220000"]
ALL = [*OFFICE, "--address", "office@163.com", "--staff", "a@b.cn"]
LI = "li@wutu.test"
Said = tuple[int, str, str]
Init = Callable[..., Said]


class Ring(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    one = Ring()
    keyring.set_keyring(one)
    yield one
    keyring.set_keyring(before)


@pytest.fixture
def no_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Init:
    """The command in this process, without a terminal; servers are not asked."""
    for part in ("MAILBOX", "SMTP"):
        for name in (f"BOT_{part}_PASSWORD", f"BOT_{part}_PASSWORD_FILE"):
            monkeypatch.setenv(name, "")
    monkeypatch.setenv("BOT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("bot.cli.servers.mailbox", lambda *_: [("mailbox", "ok", "", "")])
    monkeypatch.setattr("bot.cli.servers.smtp", lambda *_: [("smtp", "ok", "", "")])
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def calling(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["bot", "init", *words])
        capfd.readouterr()
        try:
            code: Any = main()
        except SystemExit as ended:
            code = ended.code
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        return int(code or 0), said.out, said.err

    return calling


def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


# What it writes


def test_the_new_file_is_the_shipped_one_with_other_values(init: Init, tmp_path: Path, no_ring: None) -> None:
    code, said, _ = init(*ALL, "--first-period", "2027-01", "--last-period", "2027-12")
    assert (code, "written: " in said, "doctor" in said, "next:" in said) == (1, True, True, True)
    shipped, made = (
        p.read_text(encoding="utf-8").splitlines() for p in (ROOT / "config.toml", tmp_path / "config.toml")
    )
    # every line is there, and every comment
    assert [comment(line) for line in made] == [comment(line) for line in shipped]
    changed = {line.split(" = ")[0] for line, before in zip(made, shipped, strict=True) if line != before}
    own = {"name", "contact", "phone", "staff", "username", "from", "first_period", "last_period", "rules", "templates"}
    assert changed == own
    config = load_config(tmp_path / "config.toml")
    assert config.office.staff == ("a@b.cn",)
    assert (config.mailbox.host, config.mailbox.port, config.smtp.host) == ("imap.163.com", 993, "smtp.163.com")
    assert (config.smtp.deliver, config.smtp.sender) == ("hold", "新县安委会办公室 <office@163.com>")
    assert config.database.url == f"sqlite:///{tmp_path}/data/bot.db"
    assert config.paths.rules == ROOT / "rules"


def comment(line: str) -> str:
    return line.partition("# ")[2] if "# " in line else ""


@pytest.mark.parametrize(
    ("address", "provider", "imap", "smtp"),
    [
        ("a@163.com", None, ("imap.163.com", 993), ("smtp.163.com", 465)),
        ("a@126.com", None, ("imap.126.com", 993), ("smtp.126.com", 465)),
        ("a@foxmail.com", None, ("imap.qq.com", 993), ("smtp.qq.com", 465)),
        ("a@county.gov.cn", "exmail", ("imap.exmail.qq.com", 993), ("smtp.exmail.qq.com", 465)),
        ("a@county.gov.cn", "qiye163", ("imap.qiye.163.com", 993), ("smtp.qiye.163.com", 994)),
        ("a@county.gov.cn", "aliyun-qiye", ("imap.qiye.aliyun.com", 993), ("smtp.qiye.aliyun.com", 465)),
        ("a@163.com", "126", ("imap.126.com", 993), ("smtp.126.com", 465)),
    ],
)
def test_the_provider_gives_hosts_and_ports(
    init: Init, tmp_path: Path, no_ring: None, address: str, provider: str | None, imap: Any, smtp: Any
) -> None:
    init(*OFFICE, "--address", address, *(["--provider", provider] if provider else []))
    made = toml(tmp_path / "config.toml")
    assert tuple(made["mailbox"][key] for key in ("host", "port", "security")) == (*imap, "tls")
    assert tuple(made["smtp"][key] for key in ("host", "port", "security")) == (*smtp, "tls")
    assert made["mailbox"]["username"] == made["smtp"]["username"] == address


@pytest.mark.parametrize("name", ["安委办, 新县", 'A "B" (C)', "a@b", "a\\b", "x; y: z"])
def test_any_name_of_an_office_makes_a_sender(init: Init, tmp_path: Path, no_ring: None, name: str) -> None:
    init("--office", name, *ALL[2:])
    config = load_config(tmp_path / "config.toml")
    assert (config.office.name, config.own_address) == (name, "office@163.com")


def test_what_is_there_is_kept_and_taken_over(init: Init, tmp_path: Path, no_ring: None) -> None:
    # given an installation in use, which lets its letters leave
    path = tmp_path / "config.toml"
    init(*ALL)
    used = path.read_text(encoding="utf-8").replace('"hold"  ', '"send"  ').replace("per_day = 200", "per_day = 40")
    assert 'deliver = "send"' in used
    path.write_text(used, encoding="utf-8")
    (tmp_path / "config.toml.1").write_text("kept once before")
    # when
    _, said, _ = init("--office", "另一办公室", *ALL[2:])
    # then
    assert f"what was there is kept: {path}.2" in said
    assert (tmp_path / "config.toml.2").read_text(encoding="utf-8") == used
    assert (tmp_path / "config.toml.1").read_text() == "kept once before"
    config = load_config(path)
    assert (config.office.name, config.smtp.per_day, config.smtp.deliver) == ("另一办公室", 40, "send")


def test_a_file_that_is_wrong_is_kept_too(init: Init, tmp_path: Path, no_ring: None) -> None:
    (tmp_path / "config.toml").write_text("[office]\nnam = 1\n")
    code, said, _ = init(*ALL)
    assert (code, "cannot be used" in said) == (1, True)
    assert (tmp_path / "config.toml.1").read_text() == "[office]\nnam = 1\n"
    assert load_config(tmp_path / "config.toml").smtp.deliver == "hold"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (OFFICE, "--address is missing"),
        (ALL[2:], "--office is missing"),
        ([*OFFICE, "--address", "x@county.gov.cn"], "--provider is missing"),
        ([*OFFICE, "--address", "x@county.gov.cn", "--provider", "other"], "--imap is missing"),
        ([*ALL, "--provider", "gmx"], "--provider: expected one of 163, 126"),
        ([*ALL, "--imap", "h:993"], "--imap and --smtp go with"),
        ([*ALL, "--merged", "质监局 五图街道"], "--merged: expected some of 质监局 工商局 药监局 "),
        ([*OFFICE, "--address", "nobody"], "--address: expected an e-mail address"),
        ([*ALL, "--staff", "nobody"], "--staff: expected an e-mail address"),
        ([*ALL, "--first-period", "2027-13"], "--first-period: expected a month"),
        ([*ALL, "--first-period", "2027-01", "--last-period", "2026-01"], "lies after last_period"),
        ([*ALL, "--database", "nonsense"], "--database: "),
        (["--office", "a\nb", *ALL[2:]], "--office: expected some words"),
        ([*ALL, "--provider", "other", "--imap", "h", "--smtp", "h:1"], "--imap: expected host:port"),
    ],
)
def test_what_is_wrong_or_missing_writes_nothing(init: Init, tmp_path: Path, words: list[str], named: str) -> None:
    code, out, error = init(*words)
    assert (code, out) == (2, "")
    assert error.startswith("error: ") and named in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
def test_wherever_it_is_killed_there_is_a_whole_file_or_none_and_the_next_one_does_it(tmp_path: Path) -> None:
    trace = tmp_path / "points"

    def once(folder: Path, die_at: int = 0) -> Death:
        folder.mkdir(exist_ok=True)
        return run(do_init, folder / "config.toml", [*ALL, "--contact", "新"], trace=trace, die_at=die_at)

    for before in ("", (ROOT / "config.toml").read_text(encoding="utf-8").replace("= 200", "= 40")):
        (fresh := tmp_path / f"calm{bool(before)}").mkdir()
        if before:
            (fresh / "config.toml").write_text(before, encoding="utf-8")
        points = once(fresh).points
        wanted = (fresh / "config.toml").read_text(encoding="utf-8").replace(fresh.name, "FOLDER")
        for number in spread(points, 3):
            (folder := tmp_path / f"{bool(before)}{number}").mkdir()
            path = folder / "config.toml"
            if before:
                path.write_text(before, encoding="utf-8")
            # when
            assert once(folder, number).status == KILLED
            # then there is what was there before, or the new one
            found = path.read_text(encoding="utf-8").replace(folder.name, "FOLDER") if path.exists() else ""
            assert found in (before, wanted), points[number - 1]
            # and the command, given again, does it, and leaves no draft
            once(folder)
            assert path.read_text(encoding="utf-8").replace(folder.name, "FOLDER") == wanted
            assert not list(folder.glob(".config.toml*"))
            count("init killed")


def test_a_place_that_cannot_be_written(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_CONFIG", "/proc/config.toml")
    assert init(*ALL)[0] == 2


# Bodies that were merged


def owing(folder: Path) -> set[str]:
    """Who owes the campaign's first month, as the record knows it."""
    with Bot.build(load_config(folder / "config.toml")) as bot, bot.record.read() as conn:
        return {line.unit.name for line in lines(bot, conn, "annex4", "2017-06", at("2017-07-03T09:00"))}


def test_what_was_merged_owes_nothing_and_what_was_left_is_said_in_one_line(
    init: Init, tmp_path: Path, no_ring: None
) -> None:
    # given options alone, when nothing is said of it, then nothing is asked, and all owe
    _, said, _ = init(*ALL)
    (line,) = [line for line in said.splitlines() if "质监局" in line and line.startswith("left")]
    assert line.startswith("left as units of their own: 质监局 工商局 药监局 beside 市场监管局; ")
    assert line.endswith("To let one go: python -m bot order 停用 UNIT MONTH")
    everybody = owing(tmp_path)
    assert {"质监局", "工商局", "药监局", "市场监管局"} <= everybody
    # when some are named, by any of their names, then these owe nothing, from the first month on
    _, said, _ = init(*ALL, "--merged", "质监局 工商,药监局 质监局")
    assert said.count("已停用") == 3 and "质监局 工商局" not in said.partition("left as")[2]
    assert owing(tmp_path) == everybody - {"质监局", "工商局", "药监局"}
    # and again: nothing is done twice
    _, said, _ = init(*ALL, "--merged", "质监局 工商局 药监局")
    assert "已停用" not in said and "left as units of their own: 农机局 畜牧局 beside 农业局" in said
    # and it can be undone as an order can
    with Bot.build(load_config(tmp_path / "config.toml")) as bot, bot.record.read() as conn:
        assert [(row.command, row.arguments["unit"]) for row in acts.listing(conn)] == [
            ("retire", name) for name in ("质监局", "工商局", "药监局")
        ]


def test_a_unit_that_has_reported_is_not_asked_about(init: Init, tmp_path: Path, no_ring: None) -> None:
    init(*ALL)
    with Bot.build(load_config(tmp_path / "config.toml")) as bot:
        reported(bot, "粮食局")
    said = init(*ALL)[1].partition("left as units of their own: ")[2].partition("\n")[0]
    assert "粮食局" not in said and "质监局 工商局 药监局 beside 市场监管局" in said
    # nor let go from its first month on, when it is named
    _, said, _ = init(*ALL, "--merged", "粮食局 农机局")
    assert "已停用粮食局" not in said and "已停用农机局" in said
    assert "has reported" in said and "粮食局" in said.partition("has reported")[0].splitlines()[-1]


def test_every_name_of_the_shipped_list_is_a_unit() -> None:
    rules = load_rules(ROOT / "rules").units
    listed = {merger.into: merger.units for merger in rules.mergers}
    assert rules.mergeable == listed
    assert all(name in rules.by_name for names in listed.values() for name in names)


# The text of config.toml


def test_values_go_into_any_text_that_a_person_writes() -> None:
    text = '# Ours\n[office] # who\nname = "a # b"  # a name\nstaff = [ # all\n  "x", # one\n  "y",\n]\n[b]\nname = 1\n'
    made = with_values(text, {("office", "name"): "n", ("office", "staff"): ["z"], ("b", "c"): 2, ("d", "e"): "f"})
    assert made == (
        '# Ours\n[office] # who\nname = "n"      # a name\nstaff = ["z"]\n[b]\nc = 2\nname = 1\n\n[d]\ne = "f"\n'
    )


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs"))), st.integers(0, 65535))
def test_any_value_is_read_back(name: str, port: int) -> None:
    shipped = (ROOT / "config.toml").read_text(encoding="utf-8")
    made = tomllib.loads(with_values(shipped, {("office", "name"): name, ("smtp", "port"): port}))
    wanted = tomllib.loads(shipped)
    wanted["office"]["name"], wanted["smtp"]["port"] = name, port
    assert made == wanted


def test_a_file_that_cannot_be_changed_line_by_line_is_refused() -> None:
    with pytest.raises(ValueError, match="line by line"):
        with_values('office.name = "a"\n', {("office", "name"): "b"})


# The password


def test_it_is_kept_in_a_keyring_that_works(
    init: Init, ring: Ring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "XQHWZKPL")
    (tmp_path / "code").write_text("another")
    monkeypatch.setenv("BOT_SMTP_PASSWORD_FILE", str(tmp_path / "code"))
    _, said, _ = init(*ALL)
    assert ring.kept == {("annex4-bot", "mailbox"): "XQHWZKPL"}
    assert "password of mailbox: kept in the keyring" in said and "XQHWZKPL" not in said
    assert "password of smtp: stays in the file" in said
    # and is found by whoever looks for it then
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "")
    assert password("mailbox") == "XQHWZKPL"
    assert "password of mailbox: in the keyring" in init(*ALL)[1]


def test_without_a_keyring_it_is_said_where_to_put_it(
    init: Init, no_ring: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "XQHWZKPL")
    _, said, _ = init(*ALL)
    assert "password of mailbox: in the environment" in said
    assert "password of smtp: not given: write it to a file" in said and "BOT_SMTP_PASSWORD_FILE" in said


def test_a_person_is_asked(tmp_path: Path) -> None:
    """On a terminal; what is wrong is asked again, and the password is not shown."""
    answers = ["新县安委会办公室", "张三", "6220000", "nobody", "office@county.gov.cn", "gmx", "other"]
    answers += ["127.0.0.1:1", "x", "127.0.0.1:1", "a@b.cn c@d.cn", "", "2019-11", "", "XQHWZKPL"]
    answers += ["质监局 五图街道", "质监 工商局"]
    said = on_a_terminal(["init"], answers, tmp_path)
    assert "expected an e-mail address" in said and "expected one of 163" in said and "expected host:port" in said
    assert "XQHWZKPL" not in said
    assert "no keyring works here: write it to a file" in said
    # what may be part of another unit is asked last
    assert "市场监管局: 质监局 工商局 药监局" in said and "农业局: 农机局 畜牧局" in said
    assert "expected some of 质监局" in said
    assert "已停用质监局：自2017年6月起不再应报，以前的报送记录保留。" in said and "已停用工商局" in said
    assert "left as units of their own: 药监局 beside 市场监管局; 农机局 畜牧局 beside 农业局; " in "".join(
        said.splitlines()
    )
    made = toml(tmp_path / "config.toml")
    assert made["office"]["staff"] == ["a@b.cn", "c@d.cn"]
    assert made["campaign"] == {"first_period": "2017-06", "last_period": "2019-11"}
    assert (made["mailbox"]["host"], made["smtp"]["port"]) == ("127.0.0.1", 1)
    # and the second time what stands there is suggested
    again = on_a_terminal(
        ["init"], ["", "李四", "", "", "other", "127.0.0.1:1", "127.0.0.1:1", "", "", "", "", "", ""], tmp_path
    )
    assert "市场监管局: 药监局\r\n" in again  # what was let go is asked about no more
    assert "[新县安委会办公室]" in again and "[a@b.cn c@d.cn]" in again
    assert toml(tmp_path / "config.toml")["office"]["contact"] == "李四"


def on_a_terminal(words: list[str], answers: list[str], folder: Path) -> str:
    """What the command shows to somebody who answers so."""
    inside, outside = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOT_")}
    environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    command = [sys.executable, "-m", "bot", *words]
    process = subprocess.Popen(
        command, stdin=outside, stdout=outside, stderr=outside, cwd=folder, env=environment, start_new_session=True
    )
    os.close(outside)
    said = b""
    with os.fdopen(inside, "r+b", buffering=0) as terminal:
        for answer in answers:
            asked = b""
            while not asked.endswith(b": "):
                asked += terminal.read(1000)
            said += asked
            terminal.write(answer.encode() + b"\n")
        while True:
            try:
                said += terminal.read(1000)
            except OSError:  # the command has ended
                break
    assert process.wait(60) in (1, 3), said.decode()
    return said.decode()


# The whole way


class Office:
    """A fresh folder, two servers with TLS, and the commands as an operator gives them."""

    def __init__(self, folder: Path, mailbox: NetEase, smtp: ScriptedSmtp, trusted: Path) -> None:
        self.folder, self.mailbox, self.smtp = folder, mailbox, smtp
        rest = {k: v for k, v in os.environ.items() if not k.startswith("BOT_")}
        self._environment = {
            **rest, "BOT_MAILBOX_PASSWORD": mailbox.password, "BOT_SMTP_PASSWORD": mailbox.password,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "SSL_CERT_FILE": str(trusted),
            "BOT_CONFIG": str(folder / "config.toml"),
        }  # fmt: skip

    def bot(self, *words: str | Path, code: int = 0) -> str:
        return self._run("-m", "bot", *words, code=code)

    def tick(self, now: str) -> None:
        """``scheduler.py --once``."""
        self._run("scheduler.py", "--once", "--now", now, code=0)

    def outbox(self) -> dict[str, str]:
        return {row["key"]: row["state"] for row in json.loads(self.bot("outbox", "--json"))}

    def _run(self, *words: str | Path, code: int) -> str:
        command = [sys.executable, *map(str, words)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Office]:
    context, trusted = self_signed(tmp_path)
    folder = tmp_path / "office"
    folder.mkdir()
    with NetEase(username="office@county.test", tls=context) as mailbox, ScriptedSmtp(tls=context) as smtp:
        yield Office(folder, mailbox, smtp, trusted)


def test_from_nothing_to_the_first_letter_that_is_released(fresh: Office, tmp_path: Path) -> None:
    # given nothing but two servers, when an operator answers all questions at once
    servers = (
        "--provider",
        "other",
        "--imap",
        f"127.0.0.1:{fresh.mailbox.port}",
        "--smtp",
        f"127.0.0.1:{fresh.smtp.port}",
    )
    said = fresh.bot(
        "init", *OFFICE, "--address", "office@county.test", *servers, "--staff", "clerk@county.test", code=1
    )
    # then doctor finds both servers good, and names what is left to do
    found = {row["part"]: row["state"] for row in json.loads(fresh.bot("doctor", "--json", code=1))}
    assert (found["mailbox"], found["smtp"], found["deliver"], found["roster"]) == ("ok", "ok", "warning", "warning")
    assert "deliver" in said and "roster import" in said
    # when the roster is there, the bot has begun, and a liaison reports
    roster = openpyxl.Workbook()
    for row in (("单位", "姓名", "手机", "邮箱"), ("五图街道", "李明", "13800000000", LI)):
        roster.worksheets[0].append(row)
    roster.save(tmp_path / "roster.xlsx")
    fresh.bot("roster", "import", tmp_path / "roster.xlsx")
    fresh.tick("2017-07-03T09:00")
    data = report(LI)
    fresh.mailbox.mails["INBOX"] = [Stored(1, data, "03-Jul-2017 10:00:00 +0800")]
    fresh.tick("2017-07-03T10:05")
    # then the receipt is made, and waits
    letters = fresh.outbox()
    (receipt,) = [key for key in letters if key.startswith("receipt:")]
    assert set(letters.values()) == {"held"}
    assert fresh.smtp.letters == []
    shown = fresh.bot("outbox", "show", receipt)
    assert f"To: {LI}" in shown and "新县安委会办公室" in shown and "6220000" in shown
    # and goes on waiting
    fresh.tick("2017-07-03T10:10")
    assert fresh.smtp.letters == []
    # when the office lets it go, and drops another one
    others = [key for key in letters if key != receipt]
    assert others
    assert fresh.bot("outbox", "drop", others[0]).split() == [others[0]]
    assert fresh.bot("outbox", "release", receipt).split() == [receipt]
    fresh.tick("2017-07-03T10:15")
    # then that one leaves, alone, though all the others are still held
    assert [to for to, _ in fresh.smtp.taken] == [LI]
    assert "新县安委会办公室" in text_of(fresh.smtp.letters[0])
    after = fresh.outbox()
    assert (after[receipt], after[others[0]]) == ("sent", "cancelled")
    # and when the office says go, what comes next leaves by itself
    path = fresh.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('deliver = "hold"', 'deliver = "send"'), encoding="utf-8")
    fresh.mailbox.mails["INBOX"].append(Stored(2, report(LI, extra=1), "03-Jul-2017 11:00:00 +0800"))
    fresh.tick("2017-07-03T11:05")
    assert [to for to, _ in fresh.smtp.taken][:2] == [LI, LI]
