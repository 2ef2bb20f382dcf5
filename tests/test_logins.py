"""A refused password: said once, to those who can still be reached, and not tried again by itself."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigError, LoginRefused, MailboxError
from bot.jobs.logins import PAUSE, login
from bot.jobs.parts import Bot
from bot.jobs.tick import Report, receive, run_once, watch_the_clock
from bot.mail.mailbox import Mailbox
from tests.bots import appoint, at, attentions, build, config, events, first_run, letters, never, read_mailbox, text_of
from tests.servers.netease import NetEase
from tests.servers.scripted_smtp import ScriptedSmtp

NOW = at("2017-07-06T09:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "code")
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "code")


def netease_bot(folder: Path, server: NetEase, **office: object) -> Bot:
    mailbox = {"port": server.port, "username": server.username}
    return build(config(folder, mailbox=mailbox, office=office))


@pytest.fixture
def wrong(netease: NetEase, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetEase]:
    """A server that knows another password than ours."""
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "old")
    yield netease


def logins(server: NetEase) -> int:
    return sum(command.startswith("LOGIN") for command in server.commands())


def test_a_wrong_password_is_said_once_to_the_log_and_the_staff(
    wrong: NetEase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    staff = ["staff@demo.test", "bot@demo.test", "BOT@demo.test", "boss@demo.test"]
    with netease_bot(tmp_path, wrong, staff=staff) as bot:
        first_run(bot, NOW)
        for minute in range(20):
            report = Report()
            receive(bot, NOW + minute * MINUTE, never, report)
            assert [type(error) for error in report.broken] == [LoginRefused]
        # then
        assert logins(wrong) == 1
        assert [row.to for row in letters(bot)] == ["staff@demo.test", "boss@demo.test"]  # not to the account itself
        text = text_of(letters(bot)[0].mime)
        assert "授权码" in text
        assert wrong.username in text
        assert events(bot, "login") == ["login.refused"]
    said = [record for record in caplog.records if "refused the login" in record.getMessage()]
    assert [record.levelname for record in said] == ["ERROR"]
    assert "old" not in caplog.text


def test_no_second_login_reaches_the_server_for_half_a_day_over_restarts(wrong: NetEase, tmp_path: Path) -> None:
    tried = {}
    for hours in (0, 1, 6, 11.9, 12, 12.1, 23.9, 24):
        with netease_bot(tmp_path, wrong) as bot:  # started anew each time
            before = logins(wrong)
            run_once(bot, NOW + timedelta(hours=hours), never)
            tried[hours] = logins(wrong) - before
            alarms = [row for row in letters(bot) if row.letter == "alarm"]
    assert tried == {0: 1, 1: 0, 6: 0, 11.9: 0, 12: 1, 12.1: 0, 23.9: 0, 24: 1}
    assert timedelta(hours=12) == PAUSE
    assert len(alarms) == 1


def test_a_refusal_by_a_clock_that_was_wrong_does_not_last(wrong: NetEase, tmp_path: Path) -> None:
    with netease_bot(tmp_path, wrong) as bot:
        run_once(bot, NOW + timedelta(days=4000), never)
        run_once(bot, NOW, never)
    assert logins(wrong) == 2


def test_a_new_password_is_tried_at_once(wrong: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with netease_bot(tmp_path, wrong) as bot:
        run_once(bot, NOW, never)
        monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "code")
        report = run_once(bot, NOW + MINUTE, never)
        assert not any("mailbox" in str(error) for error in report.broken)
        assert logins(wrong) == 2
        assert events(bot, "login") == ["login.refused", "login.accepted"]
        # and when it expires another day, that is said again
        monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "old")
        run_once(bot, NOW + timedelta(days=40), never)
        assert [row.letter for row in letters(bot)].count("alarm") == 2


def test_another_wrong_password_is_said_too(wrong: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with netease_bot(tmp_path, wrong) as bot:
        run_once(bot, NOW, never)
        monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "wrong again")
        run_once(bot, NOW + MINUTE, never)
        run_once(bot, NOW + 2 * MINUTE, never)
        assert logins(wrong) == 2
        assert events(bot, "login") == ["login.refused"] * 2


def test_the_record_holds_no_password(wrong: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "correct-horse-battery")
    with netease_bot(tmp_path, wrong) as bot:
        run_once(bot, NOW, never)
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"refused.mailbox" in stored
    assert b"correct-horse-battery" not in stored


@pytest.mark.parametrize("answer", ["TAG NO [UNAVAILABLE] try later", "TAG NO [INUSE] busy"])
def test_a_server_that_lets_nobody_in_now_is_asked_again(netease: NetEase, tmp_path: Path, answer: str) -> None:
    netease.interfere = lambda command: answer if command.startswith("LOGIN") else None
    with netease_bot(tmp_path, netease) as bot:
        first_run(bot, NOW)
        for minute in range(3):
            report = Report()
            receive(bot, NOW + minute * MINUTE, never, report)
            assert [type(error) for error in report.broken] == [MailboxError]
        assert logins(netease) == 3
        assert letters(bot) == []


def test_a_wrong_smtp_password_stops_sending_and_loses_nothing(tmp_path: Path) -> None:
    with (
        ScriptedSmtp(replies={"AUTH": "535 Error: authentication failed"}) as server,
        build(config(tmp_path, smtp={"port": server.port})) as bot,
    ):
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", "li@demo.test"))
        read_mailbox(bot, NOW)
        for minute in range(5):
            watch_the_clock(bot, NOW + minute * MINUTE, never, Report())
        assert len(server.passwords) == 1
        # the alarm waits with the reminder; whoever looks at the outbox or the log sees both
        waiting = {row.letter: (row.state, row.attempts) for row in letters(bot)}
        assert waiting["reminder_overdue"] == ("queued", 0)
        assert waiting["alarm"] == ("queued", 0)


def test_a_missing_password_is_a_setting_and_asks_no_server(
    netease: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOT_MAILBOX_PASSWORD")
    monkeypatch.setattr("bot.secrets._from_keyring", lambda part: None)
    with netease_bot(tmp_path, netease) as bot:
        first_run(bot, NOW)
        with pytest.raises(ConfigError, match="BOT_MAILBOX_PASSWORD"):
            login(bot, "mailbox", NOW, lambda secret: Mailbox.open(bot.config.mailbox, secret))
    assert netease.commands() == []


QQ = (
    "Login fail. Account is abnormal, service is not open, password is incorrect, "
    "login frequency limited, or system is busy"
)


@pytest.mark.parametrize(
    ("said", "may_pass"),
    [
        (QQ, True),
        ("登录过于频繁，请稍后再试", True),
        ("系统繁忙", True),
        ("535 Error: authentication failed", False),
        ("LOGIN Login error or password error", False),
        ("Error: too much fail authentication, try again later", False),
        ("User has no permission", False),
        ("", False),
    ],
)
def test_which_refusals_may_pass(said: str, may_pass: bool) -> None:
    assert LoginRefused("the server refused the login", said).may_pass == may_pass


@pytest.mark.parametrize("said", [QQ, "Temporary failure, try again later"])
def test_a_refusal_that_may_pass_is_tried_once_more_after_twenty_minutes(
    netease: NetEase, tmp_path: Path, said: str
) -> None:
    netease.interfere = lambda command: f"TAG NO {said}" if command.startswith("LOGIN") else None
    tried = {}
    for minutes in (0, 1, 19, 20, 21, 60, 11 * 60, 12 * 60 + 19, 12 * 60 + 20, 13 * 60):
        with netease_bot(tmp_path, netease) as bot:  # started anew each time
            before = logins(netease)
            run_once(bot, NOW + minutes * MINUTE, never)
            tried[minutes] = logins(netease) - before
            assert sum(row.letter == "alarm" for row in letters(bot)) == (minutes >= 20)
    assert [minutes for minutes, number in tried.items() if number] == [0, 20, 12 * 60 + 20]
    assert max(tried.values()) == 1


def test_a_refusal_that_has_passed_is_told_nobody(netease: NetEase, tmp_path: Path) -> None:
    netease.interfere = lambda command: f"TAG NO {QQ}" if command.startswith("LOGIN") else None
    with netease_bot(tmp_path, netease) as bot:
        run_once(bot, NOW, never)
        netease.interfere = lambda _: None
        report = run_once(bot, NOW + 21 * MINUTE, never)
        run_once(bot, NOW + 24 * MINUTE, never)
        assert not any("mailbox" in str(error) for error in report.broken)
        assert events(bot, "login") == ["login.put_off", "login.accepted"]
        assert not any(row.letter == "alarm" for row in letters(bot))
        assert not any(kind == "login_over" for kind, _ in attentions(bot))
        # and another one, months later, has its second try again
        netease.interfere = lambda command: f"TAG NO {QQ}" if command.startswith("LOGIN") else None
        run_once(bot, NOW + timedelta(days=60), never)
        assert not any(row.letter == "alarm" for row in letters(bot))


@pytest.mark.parametrize(
    "said",
    ["LOGIN Login error or password error", "authentication failed", "Too many login failures, try again later"],
)
def test_a_clear_refusal_or_a_lock_is_not_tried_again_soon(netease: NetEase, tmp_path: Path, said: str) -> None:
    netease.interfere = lambda command: f"TAG NO {said}" if command.startswith("LOGIN") else None
    with netease_bot(tmp_path, netease) as bot:
        for minute in (0, 21, 40):
            run_once(bot, NOW + minute * MINUTE, never)
        assert logins(netease) == 1
        assert sum(row.letter == "alarm" for row in letters(bot)) == 1


def test_a_busy_smtp_server_is_asked_once_more_before_the_alarm(tmp_path: Path) -> None:
    with (
        ScriptedSmtp(replies={"AUTH": f"535 {QQ}"}) as server,
        build(config(tmp_path, smtp={"port": server.port})) as bot,
    ):
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", "li@demo.test"))
        for minute in (0, 5, 10, 25, 30):
            read_mailbox(bot, NOW + minute * MINUTE)
            watch_the_clock(bot, NOW + minute * MINUTE, never, Report())
        assert len(server.passwords) == 2
        assert [row.letter for row in letters(bot)].count("alarm") == 1
