"""What a command costs, and an office's settings for the bench."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import ROOT
from tests.bots import config_file
from tests.servers.dovecot import PASSWORD, DovecotOffice

USER = "bot@demo.test"
NOW = "2017-09-04T10:00"
QUIET = "2017-09-03T12:00"  # a Sunday: no reminder leaves


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: CPU of all its processes and time on the wall, in seconds; peak memory of its main process, in MB."""

    cpu: float
    wall: float
    peak: float


def measured(command: list[str], peak_file: Path | None = None) -> Cost:
    """Runs a command to its end. RuntimeError if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=quiet, stderr=pipe) as process:
        said = process.communicate()[1]
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{command}: {said.decode()[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, float(peak_file.read_text()) if peak_file else 0.0)


def once(folder: Path, now: str) -> list[str]:
    """The command of one run at a moment, with config.toml in a folder; its peak memory is written beside it."""
    command = [sys.executable, "-m", "tests.bench.started", str(folder / "peak"), str(ROOT / "scheduler.py")]
    return [*command, "--once", "--config", str(folder / "config.toml"), "--now", now]


def environment() -> dict[str, str]:
    """With the passwords of the servers of the bench and no keyring; modules are kept as compiled, as in service."""
    secrets = {"BOT_MAILBOX_PASSWORD": PASSWORD, "BOT_SMTP_PASSWORD": PASSWORD}
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **secrets, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def settings(folder: Path, office: DovecotOffice, **more: dict[str, Any]) -> Path:
    """A config.toml for an office of Dovecot's: every answer is written, and held."""
    user = office.username
    changes: dict[str, dict[str, Any]] = {
        "mailbox": {"port": office.imap_port, "username": user, "timeout_seconds": 60},
        "smtp": {"port": office.smtp_port, "username": user, "from": f"办公室 <{user}>", "deliver": "hold"},
        "limits": {"letters_per_address_per_day": 100_000, "answers_per_hour": 100_000},
        "watch": {"probe_hours": 0},
    }
    for section, keys in more.items():
        changes[section] = {**changes.get(section, {}), **keys}
    return config_file(folder, **changes)


def own_cpu(pid: int | None = None) -> float:
    """Seconds of CPU of a running process, by default of this one, its threads included."""
    if pid is None:
        return time.process_time()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
