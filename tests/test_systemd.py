"""As a service of systemd: what the process tells it, and the unit that ``python -m bot service`` writes."""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.service import Service
from bot.jobs.watch.signs import STUCK_SECONDS, Signs
from bot.jobs.watch.systemd import ALIVE, READY, STOPPING, Supervisor
from bot.reading.convert import Office
from tests.bots import ROOT, FakeMailbox, at, build, config, config_file, never
from tests.servers.dovecot import DovecotOffice
from tests.test_service import LI, environment, office, post, prepared, report, working

# sd_notify


class Listening:
    """The socket of a supervisor: ``heard`` is what it was told, in order."""

    def __init__(self, address: str) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(address)
        self._line.settimeout(0.05)
        self._all: list[str] = []

    @property
    def heard(self) -> list[str]:
        while True:
            try:
                self._all.append(self._line.recv(100).decode())
            except TimeoutError:
                return list(self._all)

    def close(self) -> None:
        self._line.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    one = Listening(str(tmp_path / "notify"))
    yield one
    one.close()


def test_it_is_told_by_datagrams(listening: Listening, tmp_path: Path) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000", "HOME": "/"}
    supervisor = Supervisor(environment)
    for state in (READY, ALIVE, STOPPING):
        supervisor.say(state)
    assert listening.heard == ["READY=1", "WATCHDOG=1", "STOPPING=1"]
    assert supervisor.seconds == 15
    assert environment == {"HOME": "/"}  # no child knows of it


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")
def test_a_name_may_be_abstract() -> None:
    listening = Listening(f"\0annex4-test-{os.getpid()}")
    Supervisor({"NOTIFY_SOCKET": f"@annex4-test-{os.getpid()}"}).say(READY)
    assert listening.heard == [READY]
    listening.close()


@pytest.mark.parametrize("usec", ["", "0", "x", "-5"])
def test_without_a_supervisor_nothing_happens(usec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", lambda *_: pytest.fail("a socket was opened"))
    supervisor = Supervisor({"WATCHDOG_USEC": usec})
    supervisor.say(READY)
    assert supervisor.seconds is None


def test_where_there_are_no_such_sockets_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("socket.AF_UNIX")  # Windows
    Supervisor({"NOTIFY_SOCKET": "/run/systemd/notify"}).say(READY)


@pytest.mark.parametrize("kind", ["nobody listens", "no such socket", "nobody reads"])
def test_a_supervisor_that_is_away_stops_nothing(kind: str, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    supervisor = Supervisor({"NOTIFY_SOCKET": address})
    if kind != "no such socket":
        listening = Listening(address)
        if kind == "nobody listens":
            listening.close()
        for _ in range(2_000):  # more than a socket holds
            supervisor.say(READY)
        listening.close()
    supervisor.say(READY)


# Signs of life


def test_a_job_that_gives_no_sign_for_longer_than_it_may_is_silent() -> None:
    now = 0.0
    signs = Signs({"mail": 90, "clock": 15}, lambda: now)
    asked = signs.asking("mail", never)
    now = 15 + STUCK_SECONDS
    assert signs.silent() == {}
    now += 1
    assert signs.silent() == {"clock": now}
    signs.give("clock")
    now = 91 + STUCK_SECONDS
    assert signs.silent() == {"mail": now}
    assert asked() is False
    assert signs.silent() == {}


def test_the_process_tells_that_it_is_ready_lives_and_ends(
    dovecot: DovecotOffice, tmp_path: Path, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office(tmp_path / "office", dovecot)
    prepared(made)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    with working(made) as worker:
        worker.until(lambda: listening.heard.count(ALIVE) >= 3)
        assert worker.ended() == 0
    heard = listening.heard
    assert (heard[0], heard[-1], set(heard[1:-1])) == (READY, STOPPING, {ALIVE})


class Waiting(FakeMailbox):
    """A mailbox that answers nothing until ``go``."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def folders(self) -> list[str]:
        self.go.wait(30)
        return super().folders()

    @property
    def can_idle(self) -> bool:
        return False

    def close(self) -> None:
        self.go.set()

    def __exit__(self, *_: object) -> None:
        pass


def test_it_is_not_told_of_life_while_a_job_hangs(
    tmp_path: Path, listening: Listening, monkeypatch: pytest.MonkeyPatch, operator_log: io.StringIO
) -> None:
    # given a service whose jobs may take a second, and a mailbox that never answers
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "secret")
    monkeypatch.setattr("bot.jobs.watch.signs.STUCK_SECONDS", 1.0)
    monkeypatch.setattr("bot.jobs.service.CLOCK_SECONDS", 0.1)
    box, stop = Waiting(), threading.Event()
    monkeypatch.setattr("bot.jobs.service.Mailbox.open", lambda *_: box)
    with build(config(tmp_path / "office", office={"staff": []}, schedule={"poll_seconds": 1})) as bot:
        running = threading.Thread(target=Service(bot, lambda: at("2017-07-03T10:00"), stop).run)
        running.start()
        try:
            until(lambda: ALIVE in listening.heard)
            until(lambda: "no sign of life from mail" in operator_log.getvalue())
            # when the other job goes on
            before = listening.heard
            time.sleep(0.5)
            # then nothing is told, until it is over
            assert listening.heard == before
            box.go.set()
            until(lambda: len(listening.heard) > len(before))
            assert "over: no sign of life from mail" in operator_log.getvalue()
        finally:
            box.go.set()
            stop.set()
            running.join()
    assert listening.heard[-1] == STOPPING
    assert operator_log.getvalue().count("no sign of life") == 2


def until(wanted: Any) -> None:
    end = time.monotonic() + 90
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


# The unit


def unit(config: Path, *words: str, **more: str) -> str:
    """What the command prints."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith("BOT_")}
    command = [sys.executable, "-m", "bot", "service", "--config", str(config), *words]
    done = subprocess.run(command, cwd=ROOT, env=rest | more, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if done.stdout else 2), done.stderr
    return done.stdout or done.stderr


def value(text: str, key: str) -> str:
    """The one line of that key."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{key}=")]
    return line.partition("=")[2]


def analyze(*words: str | Path) -> str:
    """What ``systemd-analyze`` says; skips where it is absent."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["office", "安 委%n会$x\\\"'"])
def test_systemd_takes_the_unit(tmp_path: Path, name: str) -> None:
    """Also where a folder has blanks, and what begins a specifier, a variable or a quotation."""
    made = config_file(tmp_path / name)
    text = unit(made, "--user", "root")
    file = tmp_path / "annex4-bot.service"
    file.write_text(text, encoding="utf-8")
    complaints = analyze("verify", file)
    assert complaints == ""
    assert value(text, "ReadWritePaths").startswith('"') and "$" not in value(text, "User")
    # and nothing is left to fill in
    assert "$p" not in text.replace("$x", "")


def test_verifying_finds_what_is_wrong(tmp_path: Path) -> None:
    """The test before this one can fail."""
    file = tmp_path / "annex4-bot.service"
    file.write_text(unit(config_file(tmp_path / "office"), "--user", "root").replace("ProtectClock=yes", "ProtectX=1"))
    assert "ProtectX" in analyze("verify", file)


def test_it_is_hardened(tmp_path: Path) -> None:
    file = tmp_path / "annex4-bot.service"
    file.write_text(unit(config_file(tmp_path / "office")), encoding="utf-8")
    # Exposure from 0 to 10 (systemd-analyze(1)); the command fails above the threshold, here of 2.5.
    analyze("security", "--offline=true", "--threshold=25", "--no-pager", file)


def test_it_names_this_installation_and_no_password(tmp_path: Path) -> None:
    made = config_file(tmp_path / "office", database={"url": "sqlite:///kept/bot.db"})
    text = unit(made, "--user", "clerk", BOT_SMTP_PASSWORD_FILE="/etc/smtp", BOT_SMTP_PASSWORD="geheim")
    assert value(text, "ExecStart") == f'"{sys.executable}" "{ROOT}/scheduler.py" --config "{made}"'
    assert value(text, "WorkingDirectory") == str(tmp_path / "office")
    assert value(text, "ReadWritePaths") == f'"{tmp_path}/office/data" "{tmp_path}/office/kept"'
    assert value(text, "User") == "clerk"
    assert value(text, "Environment") == (
        '"BOT_MAILBOX_PASSWORD_FILE=/etc/annex4-bot/code" "BOT_SMTP_PASSWORD_FILE=/etc/smtp"'
    )
    assert "geheim" not in text and "postgresql" not in text


def test_with_postgresql_it_starts_behind_it_and_writes_only_its_data(tmp_path: Path) -> None:
    text = unit(config_file(tmp_path / "office", database={"url": "postgresql+psycopg://bot@/annex4"}))
    assert "postgresql.service" in value(text, "After")
    assert value(text, "ReadWritePaths") == f'"{tmp_path}/office/data"'


def test_what_lies_in_a_home_can_be_read(tmp_path: Path) -> None:
    homes = ("/home/", "/root/", "/run/user/")
    here = [str(ROOT), str(Path(sys.executable).resolve()), str(tmp_path)]
    at_home = any(path.startswith(homes) for path in here)
    assert value(unit(config_file(tmp_path / "office")), "ProtectHome") == ("read-only" if at_home else "yes")
    text = unit(config_file(tmp_path / "other", paths={"data": "/home/clerk/data"}))
    assert value(text, "ProtectHome") == "read-only"


def test_a_path_that_no_unit_can_name_is_refused(tmp_path: Path) -> None:
    assert "no unit can name it" in unit(config_file(tmp_path / "a\nExecStart=b"))


# What the unit takes away, taken away here: whoever reads and converts files still does so.

WORK = """
from bot.reading.convert import Office
from bot.reading.guard import Reader
from tests.books import good
from tests.papers import RTF_ROWS, rtf
with Reader() as reader:
    print("xlsx", len(reader.read(good()).grids))
    docx = Office().docx(rtf(RTF_ROWS, "x"))
    print("docx", len(reader.read(docx).grids) if docx else "not converted")
"""
# LibreOffice puts a socket into /tmp itself, which the unit leaves to it.
READ_ONLY = """
mount --bind /tmp /tmp && mount --bind "$1" "$1" && mount -o remount,bind,ro / || exit 77
shift
touch /etc/written 2>/dev/null && exit 78
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def confined(writable: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """The command where nothing but one folder and /tmp can be written, and root may no more than another."""
    if os.name != "posix" or os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip("only root can take the file system away")
    away = ["unshare", "-m", "--propagation", "private", "sh", "-c", READ_ONLY, "sh", writable, *words]
    done = subprocess.run(
        list(map(str, away)), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("this machine lets nobody mount")
    return done


def test_the_bot_works_where_only_what_the_unit_names_can_be_written(dovecot: DovecotOffice) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # not in /tmp, which can be written
        made = office(Path(name), dovecot)
        prepared(made)
        (writable,) = value(unit(made), "ReadWritePaths").split()
        post(dovecot, report(LI))
        scheduler = (sys.executable, str(ROOT / "scheduler.py"), "--once", "--config", str(made))
        refused = confined(Path("/srv"), *scheduler)
        assert refused.returncode == 3
        done = confined(Path(writable.strip('"')), *scheduler)
        assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr
    assert len(dovecot.letters_to(LI)) == 1


@pytest.mark.skipif(not Office().soffice, reason="LibreOffice is not installed")
def test_files_are_read_and_converted_where_only_a_tmp_can_be_written(tmp_path: Path) -> None:
    done = confined(tmp_path, sys.executable, "-c", WORK)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["xlsx 1", "docx 1"]), done.stderr


@pytest.mark.skipif(not Office().soffice, reason="LibreOffice is not installed")
def test_reading_and_converting_need_no_call_that_the_filter_refuses(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    words = value(unit(config_file(tmp_path / "office")), "SystemCallFilter").split()
    allowed = set[str]().union(*(filtered(word) if word[0] == "@" else {word} for word in words))
    assert {"execve", "openat", "setrlimit"} & allowed and not {"ptrace", "bpf"} & allowed
    traced = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), sys.executable, "-c", WORK]
    done = subprocess.run(traced, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["xlsx 1", "docx 1"], done.stderr
    lines = (tmp_path / "trace").read_text(errors="replace").splitlines()
    used = {line.split()[1].partition("(")[0] for line in lines if "(" in line and line.split()[1][0].isalpha()}
    assert len(used) > 40
    assert used - allowed == set()


def filtered(group: str) -> set[str]:
    """The calls of a group of systemd's, with those of the groups in it."""
    words = [line.strip() for line in analyze("syscall-filter", group).splitlines()[1:]]
    found = {word for word in words if word and word[0] not in "#@"}
    return found.union(*(filtered(word) for word in words if word.startswith("@")))
