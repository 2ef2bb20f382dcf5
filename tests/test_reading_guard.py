"""The process that opens foreign files can be ended by them; the one that asks goes on."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from bot import PROJECT
from bot.errors import BotError
from bot.model.forms import Grid
from bot.reading.child import read_frame, write_frame
from bot.reading.guard import Reader
from bot.reading.opened import Opened, decoded, encoded
from tests import books

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

# A worker that does what the file says, in place of a reader that a file has made do it.
WORKER = """
import ctypes, os, sys, time
from bot.reading.child import serve
from bot.reading.opened import Opened

def opener(data, tell):
    if not data.startswith(b"silent"):
        tell("xls")
    what = data.split()[-1]
    if what == b"loop":
        while True: pass
    if what == b"sleep": time.sleep(60)
    if what == b"abort": os.abort()
    if what == b"segfault": ctypes.string_at(0)
    if what == b"exit": os._exit(0)
    if what == b"hoard": return [bytearray(64 << 20) for _ in range(64)]
    if what == b"print": print("noise" * 1000); os.write(1, b"noise" * 1000)
    if what == b"write":
        with open(__file__ + ".left", "w") as left: left.write("x" * 100)
    if what == b"environment": return Opened(",".join(k for k in os.environ if k.startswith("BOT_")) or "none")
    if what == b"oversized": tell("x" * 1000)
    return Opened("xls")

serve(opener)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[float], Reader]]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    readers: list[Reader] = []

    def make(seconds: float) -> Reader:
        readers.append(Reader(seconds, [sys.executable, str(script)]))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ends(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not _is_running(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("what", "code", "kind"),
    [
        ("loop", "timeout", "xls"),
        ("sleep", "timeout", "xls"),
        ("silent loop", "timeout", "other"),
        ("abort", "crashed", "xls"),
        ("segfault", "crashed", "xls"),
        ("exit", "crashed", "xls"),
        ("silent abort", "crashed", "other"),
        ("hoard", "too_complex", "xls"),
        ("oversized", "crashed", "xls"),
    ],
)
def test_a_file_that_ends_its_reader_is_unreadable_and_the_next_is_read(
    worker: Callable[[float], Reader], what: str, code: str, kind: str
) -> None:
    reader = worker(0.4 if code == "timeout" else 10.0)
    assert reader.read(what.encode()) == Opened(kind, unreadable=code)
    assert reader.read(b"good") == Opened("xls")


def test_what_a_library_prints_is_no_answer(worker: Callable[[float], Reader]) -> None:
    reader = worker(5.0)
    assert reader.read(b"print") == Opened("xls")
    assert reader.read(b"good") == Opened("xls")


def test_a_file_cannot_leave_anything_on_the_disk(worker: Callable[[float], Reader], tmp_path: Path) -> None:
    assert worker(10.0).read(b"write").unreadable == "crashed"
    assert (tmp_path / "worker.py.left").read_bytes() == b""


def test_no_secret_goes_with_it(worker: Callable[[float], Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "secret")
    assert worker(5.0).read(b"environment").kind == "none"


@linux
def test_it_starts_with_the_first_file_and_serves_the_next_ones() -> None:
    with Reader() as reader:
        assert reader.pid is None
        assert reader.read(books.good()).kind == "xlsx"
        first = reader.pid
        assert reader.read(books.good()).grids[0].rows[6][3] == 5
        assert reader.pid == first
    assert first is not None
    assert _ends(first)


def test_a_closed_reader_is_not_used() -> None:
    reader = Reader()
    reader.close()
    reader.close()
    with pytest.raises(RuntimeError, match="closed"):
        reader.read(b"x")


@linux
def test_a_reader_that_was_killed_while_it_waited_does_not_cost_the_next_file() -> None:
    with Reader() as reader:
        reader.read(books.good())
        assert reader.pid is not None
        os.kill(reader.pid, signal.SIGKILL)
        assert reader.read(books.good()).unreadable is None


@linux
def test_ctrl_c_is_for_the_parent() -> None:
    with Reader() as reader:
        reader.read(books.good())
        pid = reader.pid
        assert pid is not None
        assert os.getpgid(pid) != os.getpgrp()
        os.kill(pid, signal.SIGINT)
        assert reader.read(books.good()).unreadable is None
        assert reader.pid == pid


def test_an_interrupted_read_leaves_no_late_answer(worker: Callable[[float], Reader]) -> None:
    class Interrupt(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupt

    reader = worker(10.0)
    reader.read(b"good")
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        with pytest.raises(Interrupt):
            reader.read(b"sleep")
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert reader.read(b"good") == Opened("xls")


def test_two_threads_wait_for_each_other() -> None:
    rows = [books.official([n] * 12) for n in range(8)]
    answers: dict[int, object] = {}
    with Reader() as reader:

        def read(n: int) -> None:
            answers[n] = reader.read(books.xlsx((rows[n], ()))).grids[0].rows[6][1]

        threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {n: n for n in range(8)}


@linux
def test_it_ends_when_its_parent_is_killed() -> None:
    parent = """
import os, signal, sys
from bot.reading.guard import Reader
reader = Reader()
reader.read(b"x")
print(reader.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", parent], cwd=PROJECT, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert _ends(int(done.stdout))


def test_the_process_imports_only_what_it_needs() -> None:
    code = "import sys, bot.reading.child; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, timeout=60, check=True).stdout
    heavy = {"sqlalchemy", "pydantic", "typer", "openpyxl", "imapclient", "jinja2", "msoffcrypto", "apscheduler"}
    assert heavy.isdisjoint(out.decode().split())


@pytest.mark.parametrize("command", [["/nowhere/python"], [sys.executable, "-c", "raise SystemExit(1)"]])
def test_a_process_that_does_not_start_is_a_broken_world(command: list[str]) -> None:
    with Reader(command=command) as reader, pytest.raises(BotError, match="reading process"):
        reader.read(books.good())


def test_frames_there_and_back() -> None:
    pipe = io.BytesIO()
    write_frame(pipe, b"")
    write_frame(pipe, b"abc")
    pipe.seek(0)
    assert (read_frame(pipe, 3), read_frame(pipe, 3)) == (b"", b"abc")
    with pytest.raises(EOFError):
        read_frame(pipe, 3)


@pytest.mark.parametrize(
    ("frame", "error"), [(b"\0\0\0\4abcd", ValueError), (b"\0\0\0\3ab", EOFError), (b"\0", EOFError)]
)
def test_frames_that_are_none(frame: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_frame(io.BytesIO(frame), 3)


def test_answers_there_and_back() -> None:
    grid = Grid("表一", (("五", 5, 5.5, True, None, date(2017, 7, 3)), ()), ((0, 0, 1, 1),))
    for opened in (Opened("xlsx", (grid,), (grid,), True), Opened("other", unreadable="other")):
        assert decoded(encoded(opened)) == opened


def test_texts_that_no_database_stores_are_cleaned() -> None:
    answer = encoded(Opened("xlsx", (Grid("a", (("x",),)),))).replace(b'"x"', b'"a\\u0000b\\ud800c"')
    assert decoded(answer).grids[0].rows == (("ab?c",),)


GRID = '{"name": "a", "rows": %s, "merges": %s}'
LONG_ROW = f"[{'0,' * 255}0]"
ANSWER = '{"kind": "xlsx", "grids": [%s], "hidden": [], "cut": false, "unreadable": null}'


def _answer(rows: str, merges: str = "[]") -> str:
    return ANSWER % (GRID % (rows, merges))


@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", "\xff", "[" * 100_000, '{"kind": 5}', ANSWER % "5",
        _answer("[[{}]]"), _answer('[[{"date": "x"}]]'), _answer("[[[1]]]"), _answer(f"[[{'9' * 5000}]]"),
        _answer("[[]]", "[[1]]"), _answer("[[]]", "[[1e999, 0, 0, 0]]"),
        ANSWER % ",".join([GRID % (f"[{','.join([LONG_ROW] * 500)}]", "[]")] * 2),
    ],
)  # fmt: skip
def test_answers_that_a_hijacked_process_could_send_are_refused(answer: str) -> None:
    with pytest.raises(ValueError):
        decoded(answer.encode("latin-1"))
