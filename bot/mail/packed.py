"""rar, 7z and winmail.dat: what another program unpacks, counted and checked here before anything is believed.

An ``Unpacker`` turns the archive into a tar stream in memory, so no member ever gets a path on this machine,
and links, devices and folders are simply not read. The rar's own directory (rarfile) is looked at first: for
its limits, its passwords, and the checksums that the program does not compare.
"""

import io
import tarfile
import zlib
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bot.errors import SpentError
from bot.mail.charsets import decode
from bot.mail.members import NESTING, Opened, beyond_limits, is_chaff, most_bytes, refused
from bot.mail.mime import Budget
from bot.mail.names import clean_name
from bot.model.mail import Refused

Kind = Literal["rar", "7z", "tnef"]
MAGICS: tuple[tuple[bytes, Kind], ...] = (
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x78\x9f\x3e\x22", "tnef"),
)
STARTS = 8  # of a program for one mail: each may use up its time
BLOCKS = 4096  # of a rar's directory that are looked at; each member has one


@dataclass(frozen=True, slots=True)
class Tarred:
    """What a program made of an archive: a tar stream, whole or as far as it came, and what went wrong:
    a code of ``[unreadable]`` in rules/reasons.toml, or nothing."""

    data: bytes = b""
    problem: str = ""


class Unpacker(Protocol):
    """Whatever unpacks. At most ``most`` bytes of members; never raises because of the content."""

    def tar(self, kind: Kind, data: bytes, most: int) -> Tarred:
        """The members as a tar of at most so many bytes, or why not."""
        ...


def sparing(unpacker: Unpacker | None) -> Unpacker | None:
    """The same for one mail: after ``STARTS`` archives, or when the mail has had its time, they are left out."""
    return _Sparing(unpacker) if unpacker else None


@dataclass(slots=True)
class _Sparing:
    unpacker: Unpacker
    left: int = STARTS

    def tar(self, kind: Kind, data: bytes, most: int) -> Tarred:
        self.left -= 1
        if self.left < 0:
            return Tarred(problem="left_out")
        try:
            return self.unpacker.tar(kind, data, most)
        except SpentError:
            return Tarred(problem="left_out")


def open_packed(name: str, data: bytes, nesting: int, budget: Budget, unpacker: Unpacker | None) -> Opened | None:
    """What is in the archive; None for bytes that are none of these kinds. Never raises."""
    kind = next((kind for magic, kind in MAGICS if data.startswith(magic)), None)
    if kind is None:
        return None
    if nesting >= NESTING:
        return refused(name, "archive_limits")
    if unpacker is None:
        return refused(name, "archive_tool")
    return (_open_rar if kind == "rar" else _open_whole)(name, kind, data, budget, unpacker)


def _open_whole(name: str, kind: Kind, data: bytes, budget: Budget, unpacker: Unpacker) -> Opened:
    """7z and winmail.dat: all of it or nothing, because the program does not say which member it means."""
    # winmail.dat is not compressed.
    most = most_bytes(len(data), budget) if kind == "7z" else min(budget.unpacked, len(data) * 2)
    tarred = unpacker.tar(kind, data, most)
    found, whole = tar_files(tarred.data, budget.members)
    if tarred.problem or not whole:
        return refused(name, tarred.problem or "archive_damaged")
    if beyond_limits(len(found), sum(len(content) for _, content in found), len(data), budget):
        return refused(name, "archive_limits")
    kept = [(path, content) for path, content in found if not is_chaff(path)]
    if not kept:  # Outlook sends a winmail.dat without any file, for its fonts
        return refused(name, "empty") if kind == "7z" else Opened()
    return _taken([(clean_name(path) or f"{n}", content) for n, (path, content) in enumerate(kept, 1)], (), budget)


def _open_rar(name: str, kind: Kind, data: bytes, budget: Budget, unpacker: Unpacker) -> Opened:
    try:
        listed, whole = _listed(data)
    except Exception:  # rarfile.Error, struct.error, IndexError, OverflowError: a damaged directory
        return refused(name, "archive_damaged")
    if listed is None or beyond_limits(len(listed), sum(info.file_size for info in listed), len(data), budget):
        return refused(name, "archive_limits")
    wanted = [info for info in listed if not is_chaff(info.filename)]
    open_ones = [info for info in wanted if not info.needs_password()]
    if len(open_ones) < len(wanted) and not open_ones:
        return refused(name, "archive_encrypted")
    if not wanted:
        return refused(name, "empty")
    tarred = unpacker.tar(kind, data, sum(info.file_size for info in listed))
    found, _ = tar_files(tarred.data, len(listed))
    if not found and tarred.problem:
        return refused(name, tarred.problem)
    taken, broken = _matched(open_ones, found)
    if len(open_ones) < len(wanted):
        broken.append(Refused(name, "archive_encrypted"))
    if not whole and not broken:
        broken.append(Refused(name, "archive_damaged"))  # nobody knows what stood behind the cut
    return _taken(taken, tuple(broken), budget)


def _listed(data: bytes) -> tuple[list[Any] | None, bool]:
    """The files of the directory, by rarfile, and whether its end is there. A directory behind a password is
    one file that needs it. None when there are too many."""
    import rarfile

    # It would start a program for the comment of an archive, which nobody wants here. Empty, it is left out.
    rarfile.rar3_decompress = lambda *_, **__: b""
    blocks: list[Any] = []

    def look(block: Any) -> None:
        blocks.append(block)
        if len(blocks) > BLOCKS:
            raise _TooManyError

    try:
        archive = rarfile.RarFile(io.BytesIO(data), info_callback=look, errors="strict", part_only=False)
    except _TooManyError:
        return None, True
    files = [info for info in archive.infolist() if info.is_file()]
    whole = any(block.type == rarfile.RAR_BLOCK_ENDARC for block in blocks)
    return files or ([_LOCKED] if archive.needs_password() else []), whole


class _TooManyError(Exception):
    """The directory is longer than any that is honest."""


class _Locked:
    """Stands for what cannot be listed without a password."""

    filename = "?"
    file_size = 0

    def needs_password(self) -> bool:
        return True


_LOCKED = _Locked()


def _matched(listed: list[Any], found: list[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes]], list[Refused]]:
    """The listed files with their bytes: the first found with the right size and CRC-32, whatever it is called."""
    taken: list[tuple[str, bytes]] = []
    broken: list[Refused] = []
    left = [(len(content), zlib.crc32(content), content) for _, content in found]
    for number, info in enumerate(listed, 1):
        name = clean_name(_rar_name(info)) or f"{number}"
        at = next((n for n, (size, crc, _) in enumerate(left) if size == info.file_size and crc == info.CRC), None)
        if at is None:
            broken.append(Refused(name, "archive_damaged"))
        else:
            taken.append((name, left.pop(at)[2]))
    return taken, broken


def _rar_name(info: Any) -> str:
    """RAR 5 writes UTF-8. RAR 4 writes UTF-16 beside the name if a bit says so, else what the system had: GBK."""
    import rarfile

    if isinstance(info, rarfile.Rar3Info) and info.flags & rarfile.RAR_FILE_UNICODE:
        return str(info.filename)
    return decode(info.orig_filename)


def tar_files(data: bytes, most: int) -> tuple[list[tuple[str, bytes]], bool]:
    """The regular files of a tar stream, one more than ``most`` at the utmost, and whether it is whole."""
    found: list[tuple[str, bytes]] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errors="surrogateescape") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    found.append((decode(member.name.encode("utf-8", "surrogateescape")), content.read()))
                if len(found) > most:
                    break
    except Exception:  # tarfile.ReadError, EOFError, ValueError: the program ended in the middle
        return found, False
    return found, True


def _taken(members: list[tuple[str, bytes]], broken: tuple[Refused, ...], budget: Budget) -> Opened:
    budget.members -= len(members)
    budget.unpacked -= sum(len(content) for _, content in members)
    return Opened(tuple(members), tuple(dict.fromkeys(broken)))
