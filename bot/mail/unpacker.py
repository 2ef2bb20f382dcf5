"""Unpacks rar, 7z and winmail.dat by another program, in a process with limits: bytes in, a tar stream out.

rar and 7z by bsdtar (libarchive), which reads both, is in Debian's main archive (libarchive-tools) and part of
macOS and Windows 10; winmail.dat by tnefparse in a Python of its own, because a file of 60 bytes can keep it
busy for hours. Nothing is unpacked to the disk: only the archive itself lies in a private folder for as long
as it is read, because 7z cannot be read from a pipe.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from bot import PROJECT
from bot.allowance import Allowance
from bot.mail.packed import Kind, Tarred
from bot.processes import end_group, temporary_folder, without_secrets

SECONDS = 10.0  # wall time of one start; a report takes some milliseconds
PART = 0.5  # of what the mail may still take: what is unpacked is to be read as well
# No core; CPU seconds; KiB of memory, of which LZMA needs much. macOS does not know the last.
LIMITS = 'ulimit -c 0; ulimit -t 8; ulimit -v 1000000 2>/dev/null; exec "$0" "$@"'
OVERHEAD = 8 << 20  # bytes of headers and padding around the members of a tar stream
# Behind a rar. Without it the end of a workbook that is stored last makes libarchive take the rar for a zip,
# whose directory it looks for in the last 16 KiB.
PADDING = bytes(1 << 16)
# Windows calls its bsdtar tar. Elsewhere that name is another program.
NAMES = ("bsdtar", "tar") if sys.platform == "win32" else ("bsdtar",)
# Ended by the clock, the CPU limit or, out of memory, by the system; Windows has no such signals.
OVER = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGXCPU") if hasattr(signal, name))
_SAID = 4096  # bytes of complaints that are kept
_PASSWORD = re.compile(rb"(?i)encrypt|passphrase|password|crypto")


class Programs:
    """The programs of this machine. ``bsdtar`` is the path of one, "" says that there is none. ``allowance`` is what
    the mail may take: SpentError beyond it."""

    def __init__(self, bsdtar: str | None = None, seconds: float = SECONDS, allowance: Allowance | None = None) -> None:
        self._bsdtar = next(filter(None, map(shutil.which, NAMES)), "") if bsdtar is None else bsdtar
        self._seconds = seconds
        self._allowance = allowance or Allowance()

    def tar(self, kind: Kind, data: bytes, most: int) -> Tarred:
        """The members as a tar stream. Never raises: a program that cannot be started is as good as none."""
        if kind != "tnef" and not self._bsdtar:
            return Tarred(problem="archive_tool")
        try:
            with temporary_folder() as folder:
                archive = Path(folder, "archive")
                archive.write_bytes(data + PADDING if kind == "rar" else data)
                return self._tarred(kind, archive, most)
        except OSError:  # no such program, no room in /tmp
            return Tarred(problem="archive_tool")

    def _tarred(self, kind: Kind, archive: Path, most: int) -> Tarred:
        if kind == "tnef":
            return self._run([sys.executable, "-m", "bot.mail.tnef", str(archive)], most)
        tarred = self._run([self._bsdtar, "-cf", "-", "--format=pax", f"@{archive}"], most)
        if tarred.problem == "archive_limits" or kind == "rar":
            return tarred
        # Only when it extracts does it compare checksums, and say what is wrong.
        tested = self._run([self._bsdtar, "-xOf", str(archive)], most)
        return Tarred(problem=tested.problem or tarred.problem) if tested.problem or tarred.problem else tarred

    def _run(self, command: Sequence[str], most: int) -> Tarred:
        said = bytearray()
        seconds = self._allowance.share(self._seconds, PART)
        with _started(command) as process:
            listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
            timer = threading.Timer(seconds, end_group, [process])
            listener.start()
            timer.start()
            try:
                assert process.stdout is not None
                data = process.stdout.read(most + OVERHEAD + 1)
                if len(data) <= most + OVERHEAD:
                    process.wait()
            finally:
                timer.cancel()
                end_group(process)
                listener.join()
        if len(data) > most + OVERHEAD or process.returncode in OVER:
            return Tarred(problem="archive_limits")
        if process.returncode == 0:
            return Tarred(data)
        return Tarred(data, "archive_encrypted" if _PASSWORD.search(said) else "archive_damaged")


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """OSError if there is no such program."""
    # Names of members are UTF-8 only under such a locale.
    language = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    environment = without_secrets() | {"LC_ALL": language, "PYTHONPATH": str(PROJECT)}
    if os.name == "posix":
        command = ["/bin/sh", "-c", LIMITS, *command]
    pipe = subprocess.PIPE
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        command, stdin=nothing, stdout=pipe, stderr=pipe, env=environment, cwd=PROJECT, start_new_session=True
    )


def _listen(stream: IO[bytes] | None, said: bytearray) -> None:
    """Keeps the first complaints and lets the others go by, so that the program never waits for a reader."""
    with suppress(OSError, ValueError):
        while stream and (chunk := stream.read1(_SAID)):  # type: ignore[attr-defined]
            said += chunk[: _SAID - len(said)]
