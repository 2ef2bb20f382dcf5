"""Files are the owner's: new ones, those of an earlier version, and what a killed process left behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import scheduler
from bot.jobs import ownership
from bot.processes import temporary_folder
from tests.bots import config, config_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")


def wide(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if stat.S_IMODE(p.lstat().st_mode) & 0o077}


def test_a_run_leaves_nothing_that_others_can_read(tmp_path: Path) -> None:
    # given the files of an earlier version
    path = config_file(tmp_path)
    data = config(tmp_path).paths.data
    (data / "old").mkdir(parents=True)
    (data / "old" / "before_restore").write_text("x")
    for entry in (data, data / "old", data / "old" / "before_restore"):
        entry.chmod(0o755)
    before = os.umask(0o022)
    try:
        scheduler.main(["--config", str(path), "--once", "--now", "2017-07-03T10:00"])
    finally:
        os.umask(before)
    # then
    assert {"board.html", "compiled", "bot.db"} <= {p.name for p in data.rglob("*")} | {"bot.db"}
    assert wide(data) == set()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_setting_opens_the_board_and_nothing_else(tmp_path: Path) -> None:
    path = config_file(tmp_path, paths={"open_board": True})
    data = config(tmp_path, paths={"open_board": True}).paths.data
    before = os.umask(0o022)
    try:
        scheduler.main(["--config", str(path), "--once", "--now", "2017-07-03T10:00"])
    finally:
        os.umask(before)
    assert wide(data) == {"board.html"}
    assert stat.S_IMODE(data.stat().st_mode) == 0o711


def test_what_a_killed_process_left_is_swept_with_what_still_works_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a process that is killed in the middle of a conversion, whose program goes on
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "import subprocess, sys, tempfile, time; tempfile.tempdir = sys.argv[1]\n"
        "from bot.processes import temporary_folder\n"
        "folder = temporary_folder()\n"
        "open(folder.name + '/report.doc', 'w').write('x')\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', folder.name + '/report.doc'],"
        " start_new_session=True)\n"
        "print(p.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        left = int(killed.stdout.readline())
        killed.kill()
        killed.wait()
    (tmp_path / "annex4-bot-elsewhere-1-abc").mkdir()  # another machine's, over a shared folder
    with temporary_folder() as alive:  # and one that is at work
        # when
        swept = ownership.sweep()
        # then
        assert len(swept) == 1
        assert Path(alive).is_dir() and (tmp_path / "annex4-bot-elsewhere-1-abc").is_dir()
    assert [p.name for p in tmp_path.iterdir()] == ["annex4-bot-elsewhere-1-abc"]
    state = Path(f"/proc/{left}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
