"""``doctor``: whatever is wrong with an installation, its line says in one sentence what to do next."""

import json
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli import advice, programs, providers
from bot.cli.advice import next_step
from bot.config import MailboxSettings, SmtpSettings, load_config
from bot.deciding.watching import Trouble
from bot.errors import ConfigError, LoginRefused, MailboxError, SmtpError
from bot.model.mail import Place, RawMail
from bot.record import archive, troubles
from tests.bots import at, build, config_file
from tests.servers.certificates import self_signed
from tests.servers.netease import NetEase, Stored
from tests.servers.scripted_smtp import ScriptedSmtp

NOW = "2017-07-03T10:00"
Rows = dict[str, dict[str, Any]]
Doctor = Callable[..., Rows]


@pytest.fixture
def smtp() -> Any:
    with ScriptedSmtp() as server:
        yield server


@pytest.fixture
def doctor(
    tmp_path: Path,
    netease: NetEase,
    smtp: ScriptedSmtp,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Doctor:
    """``doctor --json`` for an office at these servers: its rows by part."""
    for part in ("MAILBOX", "SMTP"):
        monkeypatch.setenv(f"BOT_{part}_PASSWORD", "XQHWZKPL")
    netease.password = "XQHWZKPL"

    def asked(**changes: dict[str, Any]) -> Rows:
        account = {"username": netease.username, "timeout_seconds": 2}
        mailbox = {"port": netease.port, **account, **changes.pop("mailbox", {})}
        out = {"port": smtp.port, **account, "from": f"办公室 <{netease.username}>", **changes.pop("smtp", {})}
        path = config_file(tmp_path / "office", mailbox=mailbox, smtp=out, **changes)
        monkeypatch.setattr(sys, "argv", ["bot", "doctor", "--json", "--now", NOW, "--config", str(path)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert said.err == ""
        found = {row["part"]: row for row in json.loads(said.out)}
        bad = {row["state"] for row in found.values()}
        assert ended.value.code == (3 if "failed" in bad else 1 if "warning" in bad else 0)
        for row in found.values():
            assert bool(row["fix"]) == (row["state"] != "ok"), row
            assert is_one_sentence(row["fix"]), row["fix"]
        return found

    return asked


def is_one_sentence(text: str) -> bool:
    return "\n" not in text and ". " not in text and not text.endswith(".")


def test_an_account_that_works(doctor: Doctor) -> None:
    found = doctor()
    assert (found["mailbox"]["state"], found["smtp"]["state"]) == ("ok", "ok")
    assert "INBOX, 垃圾邮件, 病毒邮件" in found["mailbox"]["found"]
    assert not {"clock", "view"} & found.keys()


# IMAP


def test_a_wrong_code(doctor: Doctor, netease: NetEase) -> None:
    netease.password = "another"
    found = doctor()["mailbox"]
    assert found["state"] == "failed"
    assert "Login error or password error" in found["found"]
    assert "make a new" in found["fix"] and "IMAP is on" in found["fix"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("NO LOGIN Login error, IMAP service is not open", "switch on IMAP"),
        (
            "NO Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited,"
            " or system is busy.",
            "switch on IMAP",
        ),
        ("NO LOGIN fail. Please using authorized code to login.", "instead of the password of the web mail"),
        ("NO LOGIN too many failed attempts, account locked", "wait six hours"),
        ("NO [UNAVAILABLE] busy", "wait a quarter of an hour"),
    ],
)
def test_a_login_that_is_refused(doctor: Doctor, netease: NetEase, said: str, wanted: str) -> None:
    netease.interfere = lambda command: f"TAG {said}" if command.startswith("LOGIN") else None
    found = doctor()["mailbox"]
    assert (found["state"], wanted in found["fix"]) == ("failed", True), found


def test_no_folder_is_opened(doctor: Doctor, netease: NetEase) -> None:
    unsafe = "TAG NO EXAMINE Unsafe Login. Please contact kefu@188.com for help"
    netease.interfere = lambda command: unsafe if command.startswith("EXAMINE") else None
    found = doctor()["mailbox"]
    assert "Unsafe Login" in found["found"]
    assert found["fix"].startswith("switch on IMAP") and "make a new" in found["fix"]


def test_our_id_is_refused(doctor: Doctor, netease: NetEase) -> None:
    netease.interfere = lambda command: "TAG BAD Parse command error" if command.startswith("ID") else None
    found = doctor()["mailbox"]
    assert "Parse command error" in found["found"]
    assert "without an ID" in found["fix"]


def test_a_folder_that_is_not_there(doctor: Doctor) -> None:
    assert "[mailbox] folder" in doctor(mailbox={"folder": "Inbox2"})["mailbox"]["fix"]


def test_a_certificate_that_nobody_vouches_for(doctor: Doctor, netease: NetEase, tmp_path: Path) -> None:
    netease.tls, _ = self_signed(tmp_path)
    assert "opens encrypted connections" in doctor(mailbox={"security": "tls"})["mailbox"]["fix"]


def test_a_port_that_speaks_no_tls(doctor: Doctor, netease: NetEase) -> None:
    assert "port and security" in doctor(mailbox={"security": "tls"})["mailbox"]["fix"]
    assert "127.0.0.1:1" in doctor(mailbox={"port": 1})["mailbox"]["fix"]


def test_no_password(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_MAILBOX_PASSWORD")
    monkeypatch.setattr("keyring.get_password", lambda service, user: None)
    found = doctor()
    assert "BOT_MAILBOX_PASSWORD_FILE" in found["mailbox"]["fix"]
    assert found["smtp"]["state"] == "ok"


# What the inbox shows


def stored(uid: int, ago: timedelta) -> Stored:
    when = datetime.now(UTC) - ago
    return Stored(uid, b"Subject: x\r\n\r\n", f"{when:%d-%b-%Y %H:%M:%S} +0000")


@pytest.mark.parametrize(
    ("days", "warned"), [([29, 10, 1], True), ([26], True), ([45, 29, 1], False), ([20, 1], False), ([], False)]
)
def test_an_inbox_that_ends_a_month_ago(doctor: Doctor, netease: NetEase, days: list[int], warned: bool) -> None:
    netease.mails["INBOX"] = [stored(number, timedelta(days=d)) for number, d in enumerate(days, 1)]
    found = doctor()
    assert ("view" in found) is warned
    if warned:
        assert (found["view"]["state"], found["mailbox"]["state"]) == ("warning", "ok")
        assert "收取最近30天邮件" in found["view"]["fix"] and "收取全部邮件" in found["view"]["fix"]


def test_an_inbox_that_has_lost_what_the_record_has(doctor: Doctor, netease: NetEase, tmp_path: Path) -> None:
    # given an inbox whose oldest mail is of last week
    netease.mails["INBOX"] = [stored(2, timedelta(days=7))]
    assert "view" not in doctor()
    # when the record has one of it that is older
    with build(load_config(tmp_path / "office" / "config.toml")) as bot, bot.record.begin() as conn:
        old = datetime.now(UTC) - timedelta(days=40)
        archive.store(conn, RawMail(b"old", old), Place("INBOX", 1, 1), old)
    # then
    assert "收取最近30天邮件" in doctor()["view"]["fix"]
    # but not when it was filed elsewhere by the bot itself
    with build(load_config(tmp_path / "office" / "config.toml")) as bot, bot.record.begin() as conn:
        archive.mark_filed(conn, "INBOX", 1, [1])
    assert "view" not in doctor()


# The clock


def test_a_mail_that_the_server_took_later_than_now(doctor: Doctor, netease: NetEase) -> None:
    netease.mails["INBOX"] = [stored(1, timedelta(minutes=-5))]
    assert "clock" not in doctor()
    netease.mails["INBOX"] = [stored(1, timedelta(days=1)), stored(2, timedelta(hours=-3))]
    found = doctor()["clock"]
    assert (found["state"], "clock right" in found["fix"]) == ("failed", True)


def test_a_clock_that_is_behind_the_record(doctor: Doctor, tmp_path: Path) -> None:
    """This trouble once ended the command with a KeyError."""
    doctor()
    with build(load_config(tmp_path / "office" / "config.toml")) as bot, bot.record.begin() as conn:
        lasting = Trouble(at("2017-07-01T10:00"), at(NOW), "2017-07-01", told_at=at(NOW))
        troubles.keep(conn, {f"clock_{platform.node()}": lasting})
    assert "clock right" in doctor()["clock"]["fix"]


# SMTP


@pytest.mark.parametrize(
    ("replies", "wanted"),
    [
        ({"AUTH": "535 Error: authentication failed"}, "make a new"),
        ({"AUTH": "550 User has no permission"}, "switch on SMTP"),
        ({"AUTH": "535 Login Fail. Please enter your authorization code to login."}, "instead of the password"),
        ({"AUTH": "451 too much fail authentication"}, "wait six hours"),
        ({"GREETING": "554 DT:SPM 163 smtp"}, "wait a quarter of an hour"),
        ({"AUTH": "421 HL:REP 163"}, "wait a quarter of an hour"),
    ],
)
def test_a_way_out_that_is_closed(doctor: Doctor, smtp: ScriptedSmtp, replies: dict[str, Any], wanted: str) -> None:
    smtp.replies = replies
    found = doctor()["smtp"]
    assert (found["state"], wanted in found["fix"]) == ("failed", True), found


def test_letters_from_another_address_than_the_account(doctor: Doctor) -> None:
    found = doctor(smtp={"from": "办公室 <office@163.test>"})["smtp"]
    assert (found["state"], "[smtp] from" in found["fix"]) == ("warning", True)


# The words are the provider's


@pytest.mark.parametrize("provider", [*providers.PROVIDERS, providers.OTHER], ids=lambda p: p.name)
def test_every_sentence_for_every_provider_is_whole(provider: providers.Provider) -> None:
    common = {"security": "tls", "username": "u@x.cn"}
    host = provider.imap[0] or "mail.county.cn"
    mailbox = MailboxSettings.model_validate({"host": host, "port": 993, **common})
    out = SmtpSettings.model_validate({"host": provider.smtp[0] or host, "port": 465, "from": "u@x.cn", **common})
    errors = [LoginRefused("no permission"), LoginRefused("LOGIN Login error"), ConfigError("no password")]
    errors += [LoginRefused("authorization code"), LoginRefused("too many failed"), LoginRefused("is empty")]
    said = [known.pattern.pattern.split("|")[0] for known in advice.BROKEN]
    broken = [kind(text) for text in (*said, "timed out") for kind in (MailboxError, SmtpError)]
    for error in (*errors, *broken):
        for sentence in (next_step("mailbox", mailbox, error), next_step("smtp", out, error)):
            assert is_one_sentence(sentence) and not {"{", "}"} & set(sentence)
    assert provider.code in next_step("mailbox", mailbox, errors[1])
    assert provider.page in next_step("smtp", out, errors[1])


def test_servers_are_known_by_host_and_by_address() -> None:
    assert providers.of_address("a@FOXMAIL.com").name == "qq"  # type: ignore[union-attr]
    assert providers.of_address("a@county.gov.cn") is None
    assert (providers.of_host("SMTP.qiye.163.com").name, providers.of_host("x").name) == ("qiye163", "other")
    assert len({p.name for p in providers.PROVIDERS}) == len(providers.PROVIDERS)
    assert providers.named("OTHER") is providers.OTHER and providers.named("163.com") is None


# Programs


def test_what_is_absent_is_a_note_that_says_what_it_costs(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    monkeypatch.setattr("bot.reading.convert.PLACES", ())
    monkeypatch.setattr("bot.reading.picture.can_be_read", lambda: False)
    rows = {part: (state, found) for part, state, found, _ in programs.checks()}
    assert {state for state, _ in rows.values()} == {"note"}
    assert all(word in rows["libreoffice"][1] for word in ("nothing reads", ".doc", ".wps", ".docx or .xlsx"))
    assert ".rar" in rows["bsdtar"][1] and "photo" in rows["ocr"][1]
    monkeypatch.setattr(shutil, "which", lambda name, *_: "/bin/antiword" if name == "antiword" else None)
    assert "only antiword" in programs.checks()[0][2]
    # and it is no fault
    found = doctor()
    assert found["libreoffice"]["state"] == "note"
