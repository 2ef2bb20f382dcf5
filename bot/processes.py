"""What every program that the bot starts has in common: no secret goes with it, and nothing of it stays."""

import os
import platform
import re
import signal
import subprocess
import tempfile
from contextlib import suppress

# What another program needs to start and to write in the right letters. All else stays here: a password may stand in
# any variable (PGPASSWORD, BOT_SMTP_PASSWORD, what a service manager sets).
NEEDED = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP", "SHELL",
    "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONIOENCODING", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
    "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "COMMONPROGRAMFILES", "NUMBER_OF_PROCESSORS", "OMP_NUM_THREADS",
})  # fmt: skip
_TEMPORARY = re.compile(r"annex4-bot-(.+)-(\d{1,10})-[a-z0-9_]+")


def without_secrets() -> dict[str, str]:
    """The environment for another program: what it needs, and nothing else."""
    return {key: value for key, value in os.environ.items() if key.upper() in NEEDED or key.upper().startswith("LC_")}


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder of this process alone (0700), by whose name the next start knows whose it was."""
    prefix = f"annex4-bot-{platform.node()}-{os.getpid()}-"
    return tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)


def temporary_owner(name: str) -> int | None:
    """The number of the process that made a temporary folder of this name on this machine; None for any other."""
    found = _TEMPORARY.fullmatch(name)
    return int(found[2]) if found and found[1] == platform.node() else None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and waits for it. What it started ends with it, even where it has ended by itself before;
    but not on Windows, which knows no such groups.

    For a process that was started in a session of its own (``start_new_session``): only such a one has a group by its
    number, and is not waited for in vain. May be called from several threads, and again.
    """
    with suppress(OSError):  # nothing of it is left; macOS says "not permitted" then
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
