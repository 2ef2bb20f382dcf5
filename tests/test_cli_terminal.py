"""Commands on a terminal: what fits into 80 columns, colour, bars, ``--quiet``, completion, Ctrl-C."""

import fcntl
import io
import logging
import os
import pty
import random
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import progress as progress_module
from bot.cli.progress import backlog, progress
from bot.config import load_config
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from tests.bots import ROOT, appoint, archived, at, build, config_file, first_run, never
from tests.mails import report
from tests.test_cli import environment

WUTU = "五图街道"
LI = "li@wutu.test"
NOW = "2017-07-03T10:00"
WIDTH = 80


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build_for(tmp_path) as made:
        first_run(made, at("2017-07-01T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


def build_for(folder: Path) -> Bot:
    return build(load_config(config_file(folder)))


def on_terminal(config: Path, *words: str) -> str:
    """What a command writes on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    variables = {k: v for k, v in environment(config).items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        env={**variables, "TERM": "xterm"},
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        data = b""
        while chunk := read_some(ours):
            data += chunk
        assert process.wait() in (0, 1, 3)  # doctor finds no server
    os.close(ours)
    return data.decode()


def read_some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the other end is closed
        return b""


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "").splitlines()


COMMANDS = [
    ("status", "--now", NOW),
    ("outbox",),
    ("question", "list"),
    ("calendar", "--year", "2017"),
    ("doctor", "--now", NOW),
    ("assessment", "--year", "2017", "--now", "2017-07-10T09:00"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_table_fits_into_80_columns(bot: Bot, tmp_path: Path, words: tuple[str, ...]) -> None:
    archived(bot, report(LI, WUTU), at(NOW))
    archived(bot, report("stranger@else.test", "营丘镇"), at(NOW))
    work(bot, at(NOW), never)
    shown = on_terminal(tmp_path / "config.toml", *words)
    assert "\x1b[" in shown  # colour
    lines = plain(shown)
    assert len(lines) > 3
    assert [line for line in lines if columns_of(line) > WIDTH] == []


def test_what_has_no_room_is_left_out_and_named(bot: Bot, tmp_path: Path) -> None:
    wide = environment(tmp_path / "config.toml")
    command = [sys.executable, "-m", "bot", "status", "--now", NOW]
    piped = subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, text=True, check=True).stdout
    narrow = plain(on_terminal(tmp_path / "config.toml", "status", "--now", NOW))
    heads = next(line for line in piped.splitlines() if "unit" in line).split()
    (said,) = [line for line in narrow if line.startswith("left out")]
    left_out = said.partition(": ")[2].split(", ")
    assert "\x1b[" not in piped
    assert set(left_out) < set(heads)
    assert next(line for line in narrow if "unit" in line).split() == [h for h in heads if h not in left_out]
    assert any(WUTU in line and "李明" in line for line in narrow)


def test_quiet_prints_errors_alone(bot: Bot, tmp_path: Path) -> None:
    variables = environment(tmp_path / "config.toml")

    def said(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "bot", *words]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert said("status", "--quiet", "--now", NOW) == (0, "", "")
    status, out, error = said("--quiet", "status", "--period", "2016-01")
    assert (status, out) == (2, "")
    assert error.startswith("error: --period")
    assert said("backup", str(tmp_path / "all.backup"), "--quiet") == (0, "", "")
    assert (tmp_path / "all.backup").stat().st_size > 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_comes_for_what_takes_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "QUICK_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress("copy") as step:
        for done in range(4):
            step(done, 3)
    assert "copy" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_a_log_goes_on_above_the_bar_and_into_no_other_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "QUICK_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    onto_terminal, elsewhere = logging.StreamHandler(terminal), logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    for handler in (onto_terminal, elsewhere):
        root.addHandler(handler)
    kept = elsewhere.stream
    try:
        with progress("copy") as step:
            step(1, 3)
            assert onto_terminal.stream is sys.stderr is not terminal
            assert elsewhere.stream is kept
        assert onto_terminal.stream is sys.stderr is terminal
    finally:
        for handler in (onto_terminal, elsewhere):
            root.removeHandler(handler)


def test_what_is_done_at_once_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress("copy") as step:
        step(3, 3)
    assert terminal.getvalue() == ""


def test_a_backlog_is_shown_as_it_shrinks(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "QUICK_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    for version in range(4):
        archived(bot, report(LI, WUTU, subject=f"第{version}版"), at(NOW))
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with backlog(bot.record) as look:
        look()
        work(bot, at(NOW), never)
        look()
        time.sleep(0.3)  # the bar is drawn ten times a second
    assert "mails" in terminal.getvalue()
    assert "4/4" in terminal.getvalue()


def test_a_shell_can_complete_the_commands(tmp_path: Path) -> None:
    variables = {**environment(None), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "bot", "--show-completion", "bash"]
    script = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
    assert "complete -o default -F" in script


# ``python -m bot``, which says when it has begun to listen to Ctrl-C.
START = """
import runpy, signal
real = signal.signal
def noted(number, handler):
    signal.signal = real
    before = real(number, handler)
    print("ready", flush=True)
    return before
signal.signal = noted
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_at_any_moment_is_one_word(bot: Bot, tmp_path: Path) -> None:
    """From the moment on at which the program itself is loaded; before that it is Python's own word."""
    for number in range(12):
        archived(bot, report(LI, WUTU, subject=f"第{number}版"), at(NOW))
    work(bot, at(NOW), never)
    chance = random.Random(datetime.now(UTC).date().isoformat())
    before = (tmp_path / "data" / "bot.db").exists()
    statuses = []
    variables = {**environment(tmp_path / "config.toml"), "PYTHONWARNINGS": "ignore"}  # a module half read is one
    for words in (["status"], ["replay", "--all"], ["backup", str(tmp_path / "b")], ["read", str(tmp_path / "x.xlsx")]):
        for _ in range(3):
            command = [sys.executable, "-c", START, *words]
            with subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                assert process.stdout is not None and process.stdout.readline() == b"ready\n"
                time.sleep(0.02 + chance.random())
                process.send_signal(signal.SIGINT)
                said = process.communicate(timeout=30)[1].decode()
            assert "Traceback" not in said, said
            statuses.append(process.returncode)
            if process.returncode == 130:
                assert said == "stopped\n"
            else:  # it was ready before
                assert process.returncode in (0, 1, 2, -signal.SIGINT)
    assert 130 in statuses
    assert before == (tmp_path / "data" / "bot.db").exists()
    assert list(tmp_path.glob("b.*")) == []  # no half-written backup is left


# ``python -m bot`` with a module that makes something else of an interrupt, as pydantic does while it builds a model.
SWALLOWING = """
import os, runpy, signal, sys, types
class Swallowing(types.ModuleType):
    def __getattr__(self, name):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException:
            raise ValueError("error while a validator was built") from None
sys.modules["bot.cli.app"] = Swallowing("bot.cli.app")
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_is_known_by_whatever_a_library_makes_of_it() -> None:
    command = [sys.executable, "-c", SWALLOWING, "status"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "stopped\n")
