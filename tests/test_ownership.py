"""Files are the owner's: new ones, those of an earlier version, and what a killed process left behind."""

import os
import select
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import scheduler
from bot.__main__ import main
from bot.cli import troubles
from bot.config import load_config
from bot.jobs import ownership
from bot.processes import temporary_folder
from tests.bots import build, config, config_file

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


def test_backups_beside_a_new_one_and_the_record_elsewhere_are_made_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a record and backups outside of the folder for data, as an earlier version left them; and somebody's list
    (elsewhere := tmp_path / "elsewhere").mkdir()
    url = f"sqlite:///{elsewhere / 'bot.db'}"
    path = config_file(tmp_path / "office", database={"url": url})
    with build(config(tmp_path / "office", database={"url": url})):
        pass
    for name in ("old.backup", "new.backup"):
        if name == "new.backup":
            for old in ("old.backup", "bot.db", "bot.before_restore.db", "list.txt"):
                (elsewhere / old).touch()
                (elsewhere / old).chmod(0o644)
        monkeypatch.setattr("sys.argv", ["bot", "backup", str(elsewhere / name), "--config", str(path)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    assert wide(elsewhere) == {"bot.db", "bot.before_restore.db", "list.txt"}
    # when the program starts
    ownership.own(load_config(path))
    assert wide(elsewhere) == {"list.txt"}


def test_the_file_into_which_the_log_is_led_is_made_private(tmp_path: Path) -> None:
    path = config_file(tmp_path)
    (log := tmp_path / "bot.log").touch()
    log.chmod(0o644)
    with log.open("ab") as stderr:
        command = [sys.executable, "scheduler.py", "--config", str(path), "--once", "--now", "2017-07-03T10:00"]
        subprocess.run(command, stderr=stderr, check=False, timeout=60, cwd=Path(__file__).parents[1])
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "the file into which this log is written" in log.read_text()


def test_doctor_names_what_others_can_read_and_is_content_when_they_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given letters that others can read, and the file of the password
    (code := tmp_path / "code").write_text("XQHWZKPL")
    monkeypatch.setenv("BOT_SMTP_PASSWORD_FILE", str(code))
    with build(config(tmp_path)) as bot:
        (kept := bot.config.paths.data / "kept.eml").write_text("x")
        ownership.tighten(bot.config.paths.data, ownership.record_files(bot.config))
        for file in (code, kept):
            file.chmod(0o640)
        part, state, found, fix = troubles.ownership(bot)
        assert (part, state) == ("files", "warning")
        assert str(kept) in found and str(code) in found and fix.startswith("chmod go= ")
        code.chmod(0o600)
        ownership.own(bot.config)
        assert troubles.ownership(bot) == ("files", "ok", "nobody else can read them", "")


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
        "works = 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'\n"
        "subprocess.Popen([sys.executable, '-c', works, folder.name + '/report.doc'], start_new_session=True)\n"
        "time.sleep(600)\n"
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
    with suppress(ProcessLookupError):  # gone: else it is on its way, and how long that takes is the system's
        assert select.select([os.pidfd_open(left)], [], [], 20)[0]
