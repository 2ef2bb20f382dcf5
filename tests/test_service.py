"""scheduler.py as a process: quick to answer, quick to end, and nothing lost or said twice however it ends."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import scheduler
from bot.config import load_config
from bot.errors import RecordError
from bot.jobs.parts import Bot
from bot.jobs.service import Service
from bot.mail.mailbox import Selected
from bot.preview import trying
from bot.record import runs, schema
from bot.record.holder import DEAD_SECONDS, Holder
from bot.record.working import only_worker
from tests.bots import (
    ROOT,
    FakeMailbox,
    appoint,
    at,
    build,
    config_file,
    events,
    first_run,
    header,
    letters,
    rows,
)
from tests.mails import mail
from tests.mails import report as mailed
from tests.servers.dovecot import DovecotOffice
from tests.servers.netease import SILENCE, NetEase
from tests.servers.scripted_smtp import SILENCE as SMTP_SILENCE
from tests.servers.scripted_smtp import ScriptedSmtp

LI, WANG = "li@demo.test", "wang@demo.test"
END_SECONDS = 30.0  # on a busy machine; a process that hangs is found out
PASSWORDS = {"BOT_MAILBOX_PASSWORD": "secret", "BOT_SMTP_PASSWORD": "secret"}


def environment() -> dict[str, str]:
    rest = {key: value for key, value in os.environ.items() if not key.startswith("BOT_")}
    return {**rest, **PASSWORDS, "PYTHONWARNINGS": "error", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


class Worker:
    """The process. ``log`` is what it has said so far."""

    def __init__(self, config: Path, *words: str) -> None:
        self._file = config.parent / f"log-{time.monotonic_ns()}"
        with self._file.open("wb") as out:
            command = [sys.executable, str(ROOT / "scheduler.py"), "--config", str(config), *words]
            self.process = subprocess.Popen(command, stderr=out, stdout=out, env=environment(), cwd=config.parent)

    @property
    def log(self) -> str:
        return self._file.read_text()

    def until(self, wanted: Callable[[], Any], seconds: float = 90.0) -> None:
        """Wait until something is true, while the process lives."""
        end = time.monotonic() + seconds
        while not wanted():
            assert time.monotonic() < end, f"not within {seconds} s: {self.log}"
            assert self.process.poll() is None, self.log
            time.sleep(0.03)

    def running(self) -> None:
        self.until(lambda: "running" in self.log)

    def ended(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and hold it to the time that it may take. Its exit status."""
        self.process.send_signal(number)
        code = self.process.wait(END_SECONDS)
        assert "Traceback" not in self.log, self.log
        return code


@contextmanager
def working(config: Path, *words: str) -> Iterator[Worker]:
    worker = Worker(config, *words)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()


def once(config: Path, *words: str) -> tuple[int, str]:
    """``--once`` to its end: exit status and what it said."""
    with working(config, "--once", *words) as worker:
        code = worker.process.wait(60)
        assert "Traceback" not in worker.log, worker.log
        return code, worker.log


def report(sender: str, unit: str = "五图街道办事处", *, extra: int = 0, subject: str = "报送附件4") -> bytes:
    """For June 2017, whatever the real clock says."""
    return mailed(sender, unit, "2017年6", extra=extra, subject=subject)


def settings(folder: Path, **changes: dict[str, Any]) -> Path:
    """A campaign that is long over: by the real clock nothing more falls due; what comes is answered."""
    changes["campaign"] = {"answer_from": "2017-01-01T00:00", **changes.get("campaign", {})}
    return config_file(folder, office={"staff": []}, **changes)


def office(folder: Path, dovecot: DovecotOffice, **changes: dict[str, Any]) -> Path:
    mailbox = {"port": dovecot.imap_port, "username": dovecot.username, **changes.pop("mailbox", {})}
    smtp = {"port": dovecot.smtp_port, "username": dovecot.username, "from": f"办公室 <{dovecot.username}>"}
    smtp |= changes.pop("smtp", {})
    return settings(folder, mailbox=mailbox, smtp=smtp, **changes)


@contextmanager
def record_of(config: Path) -> Iterator[Bot]:
    with build(load_config(config)) as bot:
        yield bot


def prepared(config: Path, since: datetime | None = None) -> None:
    """Two liaisons; the bot begins its life now, so that by the real clock nobody is chased, at any hour of the day."""
    with record_of(config) as bot:
        first_run(bot, since or datetime.now(UTC))
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
        with bot.record.begin() as conn:  # tests/test_trying.py tries them; to do so at each start takes seconds
            runs.put(conn, trying.TRIED, trying._mark(bot))


def post(dovecot: DovecotOffice, data: bytes) -> None:
    dovecot.deliver(dovecot.username, data, datetime.now(UTC))


def keys(sent: list[bytes]) -> Counter[str]:
    return Counter(header(data, "X-Bot-Key") for data in sent)


Main = Callable[..., tuple[int, str]]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Main]:
    """scheduler.main in this process, which saves its start."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    for name, value in {**PASSWORDS, "BOT_CONFIG": ""}.items():
        monkeypatch.setenv(name, value)

    def calling(*words: str | Path) -> tuple[int, str]:
        capfd.readouterr()
        try:
            code = scheduler.main(list(map(str, words)))
        except SystemExit as ended:
            code = int(str(ended.code))
        return code, capfd.readouterr().err

    yield calling
    for number, handler in handlers.items():
        signal.signal(number, handler)
    root.handlers[:] = before[0]
    root.setLevel(before[1])


def test_a_mail_is_answered_within_seconds_and_the_end_is_quick(dovecot: DovecotOffice, tmp_path: Path) -> None:
    config = office(tmp_path, dovecot, schedule={"poll_seconds": 2})
    prepared(config)
    with working(config) as worker:
        worker.running()
        # IDLE: what comes while it waits
        post(dovecot, report(LI))
        worker.until(lambda: dovecot.letters_to(LI))
        post(dovecot, report(WANG, "乔官镇"))
        worker.until(lambda: dovecot.letters_to(WANG))
        # the commands of the CLI work beside it
        done = subprocess.run(
            [sys.executable, "-m", "bot", "outbox", "--json", "--config", str(config)],
            cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert {row["to"] for row in json.loads(done.stdout) if row["state"] == "sent"} >= {LI, WANG}
        # and a second worker is refused
        code, log = once(config)
        said = [line for line in log.splitlines() if " INFO " not in line]
        assert (code, len(said), "another worker is running" in said[0]) == (3, 1, True)
        assert worker.ended() == 0
        assert "skipped" not in worker.log  # APScheduler's chatter about a tick that finds IDLE at work
        assert "WARNING" not in worker.log
    with record_of(config) as bot:
        assert [row.outcome for row in rows(bot, schema.mail)] == ["accepted", "accepted"]
    assert set(keys([*dovecot.letters_to(LI), *dovecot.letters_to(WANG)]).values()) == {1}


class Idling(FakeMailbox):
    """Tells of nothing that came before it waits; ends the service when it waits in vain."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(INBOX={1: mail(LI, "开会一")})
        self._stop = stop

    @property
    def can_idle(self) -> bool:
        return True

    def select(self, folder: str) -> Selected:
        selected = super().select(folder)
        if self.calls.count("select INBOX") == 2:  # a mail comes after the poll, before anybody waits
            self.boxes["INBOX"][2] = mail(LI, "开会二")
        return replace(selected, uidnext=max(self.boxes["INBOX"]) + 1)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self._called("wait")
        self._stop.set()
        return False

    def close(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def test_a_mail_that_comes_between_poll_and_idle_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "secret")
    stop = threading.Event()
    box = Idling(stop)
    monkeypatch.setattr("bot.jobs.service.Mailbox.open", lambda *_: box)
    with record_of(settings(tmp_path)) as bot:
        Service(bot, lambda: at("2017-07-03T10:00"), stop)._mail()
        assert len(rows(bot, schema.mail)) == 2
    assert box.calls.count("wait") == 1


def test_the_end_is_quick_while_a_server_is_silent(tmp_path: Path) -> None:
    # given servers that fall silent at the login, at the folder, and at once
    cases: list[tuple[str, tuple[str, ...], int]] = [
        ("LOGIN", (), signal.SIGTERM),
        ("EXAMINE", (), signal.SIGTERM),
        ("CAPABILITY", ("--once",), signal.SIGINT),
    ]
    with ExitStack() as stack:
        workers = []
        for where, words, number in cases:
            silent = NetEase(password="secret", interfere=lambda c, w=where: SILENCE if c.startswith(w) else None)  # type: ignore[misc]
            server = stack.enter_context(silent)
            mailbox = {"port": server.port, "username": server.username, "timeout_seconds": 60}
            worker = stack.enter_context(working(settings(tmp_path / where, mailbox=mailbox), *words))
            workers.append((worker, server, where, number))
        for worker, server, where, _ in workers:
            worker.until(lambda s=server, w=where: any(c.startswith(w) for c in s.commands()))  # type: ignore[misc]
        # when all are asked to end
        threads, codes = [], {}
        for worker, _, where, number in workers:

            def end(worker: Worker = worker, where: str = where, number: int = number) -> None:
                codes[where] = worker.ended(number)

            threads.append(threading.Thread(target=end))
            threads[-1].start()
        for thread in threads:
            thread.join()
        # then
        assert codes == {"LOGIN": 0, "EXAMINE": 0, "CAPABILITY": 0}


# Python runs a module of this name at its start: the process that opens mails then takes for ever over one of them.
HANGING = """
import sys, time
if "bot.jobs.opening" in sys.orig_argv:
    import bot.mail.unwrap as module
    plain = module.unwrap
    def unwrap(raw, **named):
        if b"X-Slow" in raw.data:
            open({mark!r}, "w").close()
            time.sleep(600)
        return plain(raw, **named)
    module.unwrap = unwrap
"""


@pytest.mark.parametrize("words", [(), ("--once",)])
def test_the_end_in_the_middle_of_a_mail_loses_nothing(
    main: Main, dovecot: DovecotOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    # given a mail that hangs, and one behind it
    mark = tmp_path / "mark"
    (tmp_path / "sitecustomize.py").write_text(HANGING.format(mark=str(mark)), encoding="utf-8")
    config = office(tmp_path, dovecot)
    prepared(config)
    post(dovecot, mailed(LI, "五图街道办事处", "2017年6", headers={"X-Slow": "1"}))
    post(dovecot, report(WANG, "乔官镇"))
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(tmp_path))
        with working(config, *words) as worker:
            worker.until(mark.exists, 60)
            with record_of(config) as bot:  # the attempt is counted before the mail is opened
                assert [row.attempts for row in rows(bot, schema.mail)] == [1, 1]
            # when
            assert worker.ended() == 0
            assert "ERROR" not in worker.log
    # then neither has a fate, or an attempt less
    with record_of(config) as bot:
        assert [(row.state, row.attempts) for row in rows(bot, schema.mail)] == [("new", 0), ("new", 0)]
    assert main("--once", "--config", config)[0] == 0
    assert (len(dovecot.letters_to(LI)), len(dovecot.letters_to(WANG))) == (1, 1)


def test_the_end_in_the_middle_of_a_letter_loses_nothing(main: Main, dovecot: DovecotOffice, tmp_path: Path) -> None:
    # given an SMTP server that takes a letter and does not say so
    with ScriptedSmtp(replies={"DOT": [SMTP_SILENCE, "250 ok"]}) as smtp:
        config = office(tmp_path, dovecot, smtp={"port": smtp.port, "timeout_seconds": 60})
        prepared(config)
        post(dovecot, report(LI))
        with working(config) as worker:
            worker.until(lambda: smtp.letters)
            # when
            assert worker.ended() == 0
        with record_of(config) as bot:
            assert [row.state for row in letters(bot) if row.letter == "receipt"] == ["sending"]
        # then, when a copy could not have been missed any more, it is finished, and said that it may have come twice
        assert main("--once", "--config", config)[0] == 0
        with record_of(config) as bot:
            assert [row.state for row in letters(bot) if row.letter == "receipt"] == ["sending"]
        later = (datetime.now(UTC) + timedelta(minutes=11)).isoformat(timespec="seconds")
        assert main("--once", "--config", config, "--now", later)[0] == 0
        with record_of(config) as bot:
            assert [row.state for row in letters(bot) if row.letter == "receipt"] == ["sent"]
            assert events(bot, "letter.unproven") == ["letter.unproven"]
            assert "letter_unproven" in [row.kind for row in rows(bot, schema.attention)]
        receipts = [data for data in smtp.letters if header(data, "X-Bot-Key").startswith("receipt:")]
        assert len(receipts) == 2
        assert receipts[0] == receipts[1]


def test_kill_9_in_the_middle_of_work_loses_nothing_and_repeats_nothing(dovecot: DovecotOffice, tmp_path: Path) -> None:
    # given a morning's mail, and a provider that keeps copies of sent mail
    config = office(tmp_path, dovecot, schedule={"poll_seconds": 2})
    dovecot.copies = "已发送"
    prepared(config)
    for number in range(12):
        post(dovecot, report(LI, extra=number, subject=f"第{number}版"))
    with record_of(config) as bot:

        def done(state: str) -> int:
            table = schema.mail if state == "done" else schema.letter
            return sum(row.state == state for row in rows(bot, table))

        # when it is killed again and again
        for wanted in (1, 6):
            with working(config) as worker:
                worker.until(lambda n=wanted: done("sent") >= n or done("done") >= n)  # type: ignore[misc]
                worker.process.kill()
                worker.process.wait()
        with working(config) as worker:
            worker.until(lambda: done("sent") == 10 and done("done") == 12)  # ten letters a day for one address
    # then
    with record_of(config) as bot:
        assert [row.version for row in rows(bot, schema.report)] == list(range(1, 13))
        assert events(bot, "letter.unproven") == []
    assert list(keys(dovecot.letters_to(LI)).values()) == [1] * 10


def test_two_workers_share_one_postgresql(dovecot: DovecotOffice, tmp_path: Path, postgres_url: str) -> None:
    config = office(tmp_path, dovecot, database={"url": postgres_url})
    prepared(config)
    with working(config) as one, working(config) as two:
        one.running()
        two.running()
        for number in range(8):
            post(dovecot, report(LI, extra=number, subject=f"第{number}版"))
        one.until(lambda: len(dovecot.letters_to(LI)) == 8)
        assert (one.ended(), two.ended()) == (0, 0)
    with record_of(config) as bot:
        assert sorted(row.version for row in rows(bot, schema.report)) == list(range(1, 9))
        assert events(bot, "mail.archived") == ["mail.archived"] * 8
    assert set(keys(dovecot.letters_to(LI)).values()) == {1}


# --once


def test_once_does_what_is_due_at_a_given_time(main: Main, dovecot: DovecotOffice, tmp_path: Path) -> None:
    config = config_file(tmp_path, **_servers(dovecot))
    prepared(config, at("2017-06-20T09:00"))
    # naive: the office's time, half an hour before anybody is reminded
    assert main("--once", "--config", config, "--now", "2017-07-06T08:00")[0] == 0
    assert dovecot.letters_to(LI) == []
    # with an offset: 08:30 in the office
    assert main("--once", "--config", config, "--now", "2017-07-06T00:30+00:00")[0] == 0
    assert main("--once", "--config", config, "--now", "2017-07-06T09:30")[0] == 0
    letter, plan = dovecot.letters_to(LI)
    assert header(plan, "X-Bot-Key") == f"year_plan:2017:{LI}"  # a bot that begins in mid-year
    assert header(letter, "Date") == "Thu, 06 Jul 2017 08:30:00 +0800"
    assert header(letter, "X-Bot-Key") == "reminder:wutu:annex4:2017-06:after-1"
    assert len(dovecot.letters_to(WANG)) == 2


def _servers(dovecot: DovecotOffice) -> dict[str, dict[str, Any]]:
    sender = f"办公室 <{dovecot.username}>"
    return {
        "mailbox": {"port": dovecot.imap_port, "username": dovecot.username},
        "smtp": {"port": dovecot.smtp_port, "username": dovecot.username, "from": sender},
    }


def test_once_with_broken_servers_is_a_broken_world(main: Main, tmp_path: Path) -> None:
    code, said = main("--once", "--config", config_file(tmp_path))
    assert code == 3
    assert said.splitlines()[-1].startswith("error: cannot connect to 127.0.0.1:1")


def test_once_with_a_mail_that_fails_needs_a_person(
    main: Main, tmp_path: Path, dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = office(tmp_path, dovecot)
    post(dovecot, mail(LI, "开会"))
    with monkeypatch.context() as broken:
        broken.setattr("bot.jobs.intake.open_mail", lambda *_: 1 // 0)
        assert main("--once", "--config", config)[0] == 1
    assert main("--once", "--config", config)[0] == 0  # it waits for its second attempt


def test_a_part_that_has_a_bug_does_not_stop_the_others(
    main: Main, tmp_path: Path, dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = office(tmp_path, dovecot)
    prepared(config)
    post(dovecot, report(LI))
    for part in ("remind", "digest", "bundle"):
        monkeypatch.setattr(f"bot.jobs.tick.{part}", lambda *_: 1 // 0)
    code, said = main("--once", "--config", config)
    assert code == 1
    assert said.count("ZeroDivisionError") == 3
    assert len(dovecot.letters_to(LI)) == 1


@pytest.mark.parametrize(
    ("words", "change", "code", "named"),
    [
        (["--once"], {"office": {"timezon": "x"}}, 2, "office.timezon"),
        (["--once"], {"database": {"url": "nonsense"}}, 2, "database.url"),
        (["--once"], {"database": {"url": "sqlite:////proc/bot.db"}}, 3, "/proc"),
        (["--once"], {"database": {"url": "sqlite:////proc/x/bot.db"}}, 3, "/proc"),
        (["--once", "--now", "yesterday"], {}, 2, "--now"),
        (["--now", "2017-07-06T09:00"], {}, 2, "--now goes with --once"),
        (["--nonsense"], {}, 2, "--nonsense"),
        (["--once"], {"paths": {"rules": "/nowhere"}}, 2, "/nowhere"),
    ],
)
def test_wrong_settings_and_usage(
    main: Main,
    tmp_path: Path,
    words: list[str],
    change: dict[str, Any],
    code: int,
    named: str,
) -> None:
    got, said = main(*words, "--config", config_file(tmp_path, **change))
    assert got == code
    assert named in said.splitlines()[-1]
    assert len(said.splitlines()) == 1 or said.startswith("usage: ")


def test_a_missing_password_is_told_by_once(main: Main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_MAILBOX_PASSWORD")
    monkeypatch.setattr("keyring.get_password", lambda service, user: None)
    code, said = main("--once", "--config", config_file(tmp_path))
    assert code == 2
    assert "BOT_MAILBOX_PASSWORD" in said.splitlines()[-1]


def test_the_lock_ends_with_its_worker(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    for _ in range(2):
        with only_worker(url):
            pass
    with only_worker("postgresql+psycopg://x@y/z"), only_worker("postgresql+psycopg://x@y/z"):
        pass


HOLDER = """
import sys, time
from bot.record.working import only_worker
with only_worker(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_is_refused_hears_by_whom_and_since_when(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    with holding(url) as process:
        with pytest.raises(RecordError) as refused, only_worker(url):
            pass
        assert re.search(
            rf"process {process.pid}, since 20\d\d-\d\d-\d\d .*last sign of life \d+ s", str(refused.value)
        )
        assert process.poll() is None


def test_a_worker_that_hangs_is_ended_and_its_place_taken(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    long_ago = time.time() - DEAD_SECONDS - 60
    with holding(url) as process:
        os.utime(tmp_path / "bot.db.worker", (long_ago, long_ago))
        with only_worker(url) as alive:
            assert process.wait(10) == -signal.SIGKILL
            alive()
            assert (tmp_path / "bot.db.worker").stat().st_mtime > long_ago


def test_another_process_that_got_the_number_is_let_live(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        Holder(stranger.pid, "1", at("2017-07-03T10:00"), DEAD_SECONDS + 1).end()
        assert stranger.poll() is None
        stranger.kill()
