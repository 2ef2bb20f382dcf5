"""Runs LibreOffice and antiword on foreign files: with limits, behind walls, in a folder of its own, without network.

A conversion is never an exception: what did not work is None. It judges by the output that is there and not by
exit statuses: LibreOffice ends with 0 when it failed, too.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.allowance import Allowance
from bot.processes import end_group, temporary_folder, without_secrets
from bot.reading import walls
from bot.reading.links import without_links
from bot.reading.sniff import RTF, ZIP

SECONDS = 60.0  # for LibreOffice; a form takes 2, and 5 on a cold disk
TEXT_SECONDS = 10.0  # for antiword; a form takes 0.01
LARGEST = 30 << 20  # bytes of a result that is taken
BOOK = "xlsx:Calc MS Excel 2007 XML"
NAMES = ("soffice", "libreoffice")
PLACES = (
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
)
# Bytes of address space and of one written file, seconds of processor time: set in the process itself, before it
# becomes the program. (Not preexec_fn, which can lock up where other threads run.)
_LIMITED = """
import os, resource, sys
for what, most in ((resource.RLIMIT_AS, 4 << 30), (resource.RLIMIT_FSIZE, 64 << 20), (resource.RLIMIT_CPU, 90),
                   (resource.RLIMIT_CORE, 0)):
    resource.setrlimit(what, (most, most))
os.execvp(sys.argv[1], sys.argv[1:])
"""
# No macro runs, no link is updated, no picture is fetched; what asks for the network all the same meets a proxy
# that does not exist (port 9, "discard").
_SETTINGS = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("org.openoffice.Office.Writer/Content/Update", "Field", "false"),
    ("org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("org.openoffice.Inet/Settings", "ooInetProxyType", "2"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
_ITEM = (
    '<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse" oor:finalized="true">'
    "<value>{value}</value></prop></item>"
)
_REGISTRY = (
    '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>'
)


class Office:
    """LibreOffice and antiword, as far as they are installed. ``soffice`` and ``antiword`` are paths of programs,
    empty for none; by default they are looked for. ``behind`` is how they are kept from all else, by default the best
    that works here. ``allowance`` is what the mail may take: SpentError beyond it. Has no state but that: any number of
    threads may use it."""

    def __init__(
        self,
        soffice: str | None = None,
        antiword: str | None = None,
        seconds: float = SECONDS,
        behind: walls.Walls | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._soffice, self._antiword, self._seconds, self._behind = soffice, antiword, seconds, behind
        self._allowance = allowance or Allowance()

    @property
    def soffice(self) -> str:
        """Where LibreOffice is, or an empty string."""
        if self._soffice is not None:
            return self._soffice
        found = (shutil.which(name) for name in NAMES)
        return next(filter(None, found), None) or next((p for p in PLACES if Path(p).exists()), "")

    @property
    def antiword(self) -> str:
        """Where antiword is, or an empty string."""
        return self._antiword if self._antiword is not None else shutil.which("antiword") or ""

    def docx(self, data: bytes) -> bytes | None:
        """The Word file as .docx, by LibreOffice."""
        return self._converted(data, "report.rtf" if data.startswith(RTF) else "report.doc", "docx:MS Word 2007 XML")

    def xlsx(self, data: bytes) -> bytes | None:
        """The workbook as .xlsx, by LibreOffice, which looks at its bytes and not at its name."""
        return self._converted(data, "report.xlsx" if data.startswith(ZIP) else "report.xls", BOOK)

    def _converted(self, data: bytes, name: str, to: str) -> bytes | None:
        program = self.soffice
        if not program:
            return None
        seconds = self._allowance.share(self._seconds)
        with _folder() as place:
            folder = Path(place)
            source = folder / name
            source.write_bytes(without_links(data))
            settings = folder / "profile" / "user" / "registrymodifications.xcu"
            settings.parent.mkdir(parents=True)
            items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
            settings.write_text(_REGISTRY.format(items=items), encoding="utf-8")
            command = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore"]
            command += ["--nolockcheck", "--nologo", "--nodefault", "--convert-to", to]
            self._run([*command, "--outdir", str(folder / "out"), str(source)], folder, seconds)
            made = _result(folder / "out" / f"report.{to.partition(':')[0]}")
        if made is None and seconds < self._seconds:
            self._allowance.share(self._seconds)  # ended with the mail's time, and not by its own fault
        return made

    def text(self, data: bytes) -> str | None:
        """The words of the Word file, the rows of its tables between bars, by antiword."""
        program = self.antiword
        if not program:
            return None
        seconds = self._allowance.share(min(TEXT_SECONDS, self._seconds))
        with _folder() as name:
            folder = Path(name)
            source = folder / "report.doc"
            source.write_bytes(data)
            command = [program, "-m", "UTF-8.txt", "-w", "0", str(source)]
            self._run(command, folder, seconds, folder / "out.txt")
            said = _result(folder / "out.txt")
        return said.decode("utf-8", "replace") if said else None

    def _run(self, command: Sequence[str], folder: Path, seconds: float, output: Path | None = None) -> None:
        behind = self._behind or walls.best()
        _run(behind(command, folder), folder, seconds, output)


_folder = temporary_folder


def _result(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if 0 < path.stat().st_size <= LARGEST else None
    except OSError:
        return None  # nothing was written: the usual sign that it failed


def _run(command: Sequence[str], folder: Path, seconds: float, output: Path | None = None) -> None:
    """Runs a program to its end or ``seconds``, then ends whatever it started."""
    environment = without_secrets() | {"HOME": str(folder), "TMPDIR": str(folder), "SAL_USE_VCLPLUGIN": "svp"}
    limited = [sys.executable, "-I", "-c", _LIMITED, *command] if os.name == "posix" else list(command)
    with open(output or os.devnull, "wb") as sink:  # noqa: PTH123 - devnull is no path
        try:
            process = subprocess.Popen(
                limited,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            return  # the program was removed, or may not be run
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass  # what it wrote so far is looked at none the less: it can hang while it closes
        finally:
            # soffice is a script that starts others: all of them end, also when Ctrl-C came in the middle.
            end_group(process)
