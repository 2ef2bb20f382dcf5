"""Disks that fail: a life of the bot whose nth write or sync of its database is refused (strace), and a file system of
a few megabytes (tmpfs)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from tests.bots import ROOT
from tests.faults.life import SECONDS, SECRETS, Life
from tests.servers.need import missing, program

Call = Literal["pwrite64", "fdatasync", "ftruncate"]
CALLS: tuple[Call, ...] = ("pwrite64", "fdatasync")  # SQLite's own in WAL mode (strace -c)


@cache
def _may_trace(strace: str) -> bool:
    return subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def tracer() -> str:
    """The path of strace, where it may trace; else the test is skipped, or fails on the build machine."""
    strace = program("strace")
    if not _may_trace(strace):
        missing("this machine does not let strace trace a process")
    return strace


def live_on_a_bad_disk(config: Path, now: str, *faults: str) -> Life:
    """``scheduler.py --once`` whose system calls fail as ``faults`` say, in strace's words, such as
    ``fdatasync:error=EIO:when=3``: the third one of each thread, of the database's files alone."""
    data = config.parent / "data"
    files = [data / f"bot.db{end}" for end in ("", "-wal", "-shm", "-journal")]
    command = [tracer(), "-f", "-qq", "-o", str(config.parent / "trace"), *(f"-P{file}" for file in files)]
    command += ["-e", f"trace={','.join(sorted({fault.split(':')[0] for fault in faults}))}"]
    command += [word for fault in faults for word in ("-e", f"inject={fault}")]
    command += [sys.executable, str(ROOT / "scheduler.py"), "--once", "--config", str(config), "--now", now]
    environment = {**os.environ, **SECRETS, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    hit = (config.parent / "trace").read_text().splitlines()
    return Life(ended.returncode, ended.stdout + ended.stderr, [line for line in hit if "(INJECTED)" in line])


def calls_of(config: Path, now: str) -> dict[Call, int]:
    """How many of each call a life that nothing disturbs makes, in the thread that makes most."""
    live_on_a_bad_disk(config, now, *(f"{call}:error=EIO:when=65535" for call in CALLS))
    lines = (config.parent / "trace").read_text().splitlines()
    threads = {line.split()[0] for line in lines}
    return {
        call: max(sum(line.startswith(f"{thread} ") and f" {call}(" in line for line in lines) for thread in threads)
        for call in CALLS
    }


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """``folder`` as a file system with so much room; skipped where nobody may mount one."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
